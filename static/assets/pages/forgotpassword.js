import { byId, showOnly } from "../dom.js";
import { onSubmit } from "../form.js";
import { send } from "../http.js";
import { t } from "../i18n.js";
import { lastEmail, rememberEmail } from "../session.js";

const form = byId("forgot");
const sent = byId("sent");
form.elements.email.value ||= lastEmail();

onSubmit(form, async ({ email }) => {
  await send("POST", "/api/v1/password/forgot", { body: { email } });
  rememberEmail(email);
  history.pushState({ email }, "");
  show();
});

byId("other").addEventListener("click", () => {
  history.pushState(null, "");
  show();
  form.elements.email.focus();
});

function show() {
  const email = history.state?.email;
  if (!email) return showOnly(form, sent);
  byId("sent-to").textContent = t("forgot.sent", { email });
  showOnly(sent, form);
  sent.focus();
}

addEventListener("popstate", show);
show();
