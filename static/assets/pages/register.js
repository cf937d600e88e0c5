import { byId, showOnly } from "../dom.js";
import { onPress, onSubmit, tell } from "../form.js";
import { send } from "../http.js";
import { language, t } from "../i18n.js";
import { rememberEmail } from "../session.js";

const form = byId("register");
const sent = byId("sent");

onSubmit(form, async ({ firstName, lastName, email, password }) => {
  const names = { firstName: firstName || undefined, lastName: lastName || undefined };
  await send("POST", "/api/v1/registrations", { body: { ...names, email, password, locale: language } });
  rememberEmail(email);
  history.pushState({ email }, "");
  show();
});

onPress(byId("again"), byId("sent-note"), async () => {
  const { email } = history.state;
  await send("POST", "/api/v1/email-confirmations/resend", { body: { email } });
  tell(byId("sent-note"), t("register.mailed_again"));
});

byId("other").addEventListener("click", () => {
  history.pushState(null, "");
  show();
  form.elements.email.focus();
});

// The steps are in the history, so that reload and the back button keep their place.
function show() {
  const email = history.state?.email;
  tell(byId("sent-note"), "");
  if (!email) return showOnly(form, sent);
  byId("sent-to").textContent = t("register.sent", { email });
  showOnly(sent, form);
  sent.focus();
}

addEventListener("popstate", show);
show();
