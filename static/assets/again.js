// Signing in once more for a change that needs it; the change is then made, and nothing that was typed is lost.

import { lead } from "./challenge.js";
import { byId, showOnly } from "./dom.js";
import { Cancelled, onSubmit } from "./form.js";
import { send } from "./http.js";
import { ask, claims, keep } from "./session.js";

const dialog = byId("sign-in-again");
const form = byId("password-form");

let settle = null;
let leave = null;

/** Does `work`; if that needs a fresh sign-in, asks for one and does it again. */
export async function freshly(work) {
  try {
    return await work();
  } catch (fault) {
    if (fault.code !== "reauthentication_required") throw fault;
  }
  const before = document.activeElement;
  await signInAgain();
  before?.focus();
  return work();
}

async function signInAgain() {
  form.elements.email.value = (await claims()).email;
  form.elements.password.value = "";
  toPassword();
  dialog.showModal();
  form.elements.password.focus();
  return new Promise((resolve, reject) => (settle = { resolve, reject }));
}

function toPassword() {
  leave?.();
  leave = null;
  showOnly(form, byId("loading"), byId("challenge"), byId("ended"));
}

async function done({ tokens }) {
  const { sid } = await claims();
  keep(tokens);
  // The session before this one has no owner any more: its cookie is gone.
  await ask("DELETE", `/api/v1/me/sessions/${sid}`).catch(() => {});
  settle.resolve();
  settle = null;
  dialog.close();
}

onSubmit(form, async ({ email, password }) => {
  const body = { email, password, requireSecondStep: true };
  const answer = await send("POST", "/api/v1/logins?session=cookie", { body });
  if (answer.status === "signed_in") return done(answer);
  form.hidden = true;
  const restart = { again: location.href, done: location.href };
  leave = lead(answer.challenge.id, { onVerified: done, restart, onRestart: toPassword });
});

byId("again-cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  leave?.();
  settle?.reject(new Cancelled());
  settle = null;
});
