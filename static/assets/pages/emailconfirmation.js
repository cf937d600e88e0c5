import { byId, showOnly } from "../dom.js";
import { onSubmit } from "../form.js";
import { send } from "../http.js";
import { t } from "../i18n.js";
import { takeLink } from "../link.js";
import { rememberEmail } from "../session.js";

const form = byId("confirm");
const { token, email } = takeLink();

if (!token) showOnly(byId("no-link"), form);
else if (email) byId("whose").textContent = t("confirm.whose", { email });

// Only a person presses a button: a mail scanner that opens the link confirms nothing.
onSubmit(form, async () => {
  try {
    await send("POST", "/api/v1/email-confirmations", { body: { token } });
  } catch (fault) {
    if (fault.code !== "invalid_token") throw fault;
    return finish(byId("no-link"));
  }
  rememberEmail(email);
  finish(byId("done"));
});

function finish(part) {
  history.replaceState(null, "");
  showOnly(part, form);
  part.focus();
}
