// Forms: values out, one request at a time, faults to where they are read aloud.

import { Refused } from "/assets/http.js";

/** Calls `send` with the form's values when it is submitted, and shows what is refused. */
export function onSubmit(form, send) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    tell("");
    try {
      await send(Object.fromEntries(new FormData(form)));
    } catch (fault) {
      complain(fault);
      form.querySelector("input")?.focus();
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

/** Shows a fault. */
export function complain(fault) {
  tell(fault instanceof Refused ? fault.message : "Something went wrong on this page.", "bad");
  if (!(fault instanceof Refused)) console.error(fault);
}

/** Shows a text in the page's note; `kind` is "good" or "bad". */
export function tell(text, kind = "good") {
  const note = document.getElementById("note");
  note.className = `note ${kind}`;
  note.textContent = text;
}

/** A new element with this text. */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
