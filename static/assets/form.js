// Forms: values out, one request at a time, faults to where they are seen and read aloud.

import { make } from "./dom.js";
import { Problem } from "./http.js";
import { known, t } from "./i18n.js";
import { wait } from "./texts.js";

const PATIENT_MS = 1_000;

/** A person has thought better of it: nothing to tell. */
export class Cancelled extends Error {}

/**
 * Calls `send` with the form's values when it is submitted, and shows what is refused. `texts` gives other texts to the codes of
 * problems that mean something special here.
 */
export function onSubmit(form, send, texts = {}) {
  form.noValidate = true;
  // Until now it could not have been sent.
  for (const button of form.querySelectorAll("button:not([type])")) button.disabled = false;
  for (const input of form.querySelectorAll("input[type=password]")) addReveal(input);
  form.addEventListener("input", ({ target }) => target.name && clear(target));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell(form, "");
    if (!isComplete(form)) return;
    const button = event.submitter ?? form.querySelector("button:not([type])");
    run(button, form, () => send(Object.fromEntries(new FormData(form))), texts);
  });
}

/** Does `work` when `button` is pressed, and shows in `place` what is refused. */
export function onPress(button, place, work, texts = {}) {
  button.addEventListener("click", () => run(button, place, work, texts));
}

async function run(button, place, work, texts) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  const timer = setTimeout(() => isInFront(button) && announce(t("wait")), PATIENT_MS);
  try {
    await work();
  } catch (fault) {
    complain(place, fault, texts);
  } finally {
    clearTimeout(timer);
    announce("");
    button.ariaBusy = null;
  }
}

// Whether no dialog has opened over it: that one waits for the person, not the other way round.
function isInFront(button) {
  return [...document.querySelectorAll("dialog[open]")].at(-1)?.contains(button) ?? true;
}

/** Shows a text in the note of `place`; `kind` is "good", "bad" or nothing. */
export function tell(place, text, kind = "good") {
  const note = place.matches(".note") ? place : place.querySelector(".note");
  note.className = `note ${kind}`;
  note.textContent = text;
  delete note.dataset.code;
  return note;
}

/** Shows a fault: at its field where it has one, in the note of `place` otherwise. */
export function complain(place, fault, texts = {}) {
  if (fault instanceof Cancelled) return;
  if (!(fault instanceof Problem)) console.error(fault);
  const left = [];
  let first = null;
  for (const error of fault.errors ?? []) {
    const input = place.elements?.namedItem(error.field);
    const text = fieldText(error);
    if (input instanceof HTMLElement && !input.hidden) {
      blame(input, text);
      first ??= input;
    } else {
      left.push(text);
    }
  }
  first?.focus();
  if (first && !left.length) return;
  const text = left.length ? left.join("\n") : problemText(fault, texts);
  tell(place, text, "bad").dataset.code = fault.code ?? "";
}

/** What a problem means and what to do about it. */
export function problemText(fault, texts = {}) {
  if (!(fault instanceof Problem)) return t("error.page");
  const key = texts[fault.code] ?? known(`error.${fault.code}`) ?? "error.unexpected";
  return t(key, { wait: wait(fault.retryAfter ?? 1), status: fault.status });
}

/** Ties an error to a field. */
export function blame(input, text) {
  clear(input);
  const id = `${input.id}-error`;
  const error = make("p", { id, className: "error", textContent: text });
  (input.closest(".with-button") ?? input).after(error);
  input.ariaInvalid = "true";
  input.setAttribute("aria-describedby", [id, input.getAttribute("aria-describedby")].filter(Boolean).join(" "));
}

/** Takes the error away from a field. */
export function clear(input) {
  const error = document.getElementById(`${input.id}-error`);
  if (!error) return;
  const others = input.getAttribute("aria-describedby").split(" ").filter((id) => id !== error.id);
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
  input.ariaInvalid = null;
  error.remove();
}

function isComplete(form) {
  const wrong = [...form.elements].filter((input) => !input.validity.valid && !input.hidden);
  for (const input of wrong) blame(input, fieldText({ field: input.name, code: codeOf(input.validity) }));
  wrong[0]?.focus();
  return !wrong.length;
}

function codeOf({ valueMissing }) {
  return valueMissing ? "required" : "invalid";
}

function fieldText({ field, code, message = "" }) {
  const key = known(`field.${field}.${code}`, `field.${code}`);
  // The only number in the text of a rule is its limit.
  return key ? t(key, { n: message.match(/\d+/)?.[0] }) : message;
}

function addReveal(input) {
  const button = make("button", { type: "button", className: "reveal", textContent: t("action.show") });
  button.ariaLabel = t("action.show_password");
  button.ariaPressed = "false";
  button.setAttribute("aria-controls", input.id);
  const box = make("div", { className: "with-button" });
  // Only now: an element loses its focus when it is moved.
  const hadFocus = document.activeElement === input;
  input.replaceWith(box);
  box.append(input, button);
  if (hadFocus) input.focus();
  button.addEventListener("click", () => {
    const isHidden = input.type === "password";
    input.type = isHidden ? "text" : "password";
    button.ariaPressed = String(isHidden);
    button.textContent = t(isHidden ? "action.hide" : "action.show");
  });
}

/** Says something in passing. */
export function announce(text) {
  document.getElementById("toast").textContent = text;
}

addEventListener("online", () => {
  for (const note of document.querySelectorAll('.note[data-code="offline"]')) tell(note, t("error.online_again"));
});
