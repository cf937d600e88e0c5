// Pages that only a signed-in user sees.

import { byId, make } from "./dom.js";
import { complain, tell } from "./form.js";
import { t } from "./i18n.js";
import { ask, toLogin } from "./session.js";

const PATIENT_MS = 300;

/** Does `work`; without a session it sends the user to the sign-in, without the role to the page that says so. */
export async function asUser(work) {
  const note = byId("note");
  const timer = setTimeout(() => tell(note, t("wait"), ""), PATIENT_MS);
  try {
    await work();
    tell(note, "");
    document.documentElement.dataset.signedIn = "yes";
  } catch (fault) {
    if (fault.code === "signed_out") toLogin();
    else if (fault.code === "forbidden") location.replace("/forbidden");
    else complain(note, fault);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `path` and writes a row for each entry; `cells` gives its texts. */
export function fill(path, cells) {
  return asUser(async () => {
    const entries = await ask("GET", path);
    const row = (entry) => make("tr", {}, ...cells(entry).map((textContent) => make("td", { textContent })));
    document.querySelector("tbody").replaceChildren(...entries.map(row));
    document.querySelector(".scroll").hidden = false;
  });
}
