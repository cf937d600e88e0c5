import { byId, showOnly } from "../dom.js";
import { onSubmit } from "../form.js";
import { send } from "../http.js";
import { takeLink } from "../link.js";
import { forget, rememberEmail } from "../session.js";

const form = byId("reset");
const { token, email } = takeLink();

if (token) {
  form.elements.email.value = email;
} else {
  showOnly(byId("no-link"), form);
}

onSubmit(form, async ({ password }) => {
  try {
    await send("POST", "/api/v1/password/reset", { body: { token, password } });
  } catch (fault) {
    if (fault.code !== "invalid_token") throw fault;
    return finish(byId("no-link"));
  }
  // Every session has ended, also one in this browser.
  forget();
  rememberEmail(email);
  finish(byId("done"));
});

function finish(part) {
  history.replaceState(null, "");
  showOnly(part, form);
  part.focus();
}
