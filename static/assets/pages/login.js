import { byId } from "../dom.js";
import { onPress, onSubmit, tell } from "../form.js";
import { send } from "../http.js";
import { t } from "../i18n.js";
import { isSignedIn, keep, lastEmail, onTheWay, rememberEmail, returnUrl, token } from "../session.js";

const form = byId("login");
const { email } = form.elements;

if (!email.value && lastEmail()) {
  email.value = lastEmail();
  form.elements.password.focus();
}
for (const link of document.querySelectorAll(".links a")) link.href = onTheWay(link.pathname);

onSubmit(form, async ({ email, password }) => {
  byId("unconfirmed").hidden = true;
  rememberEmail(email);
  try {
    const answer = await send("POST", "/api/v1/logins?session=cookie", { body: { email, password } });
    if (answer.status === "signed_in") {
      keep(answer.tokens);
      location.replace(returnUrl());
    } else {
      location.assign(`${onTheWay("/authentication/twostepverification")}#${answer.challenge.id}`);
    }
  } catch (fault) {
    byId("unconfirmed").hidden = fault.code !== "email_not_confirmed";
    throw fault;
  }
});

onPress(byId("unconfirmed").querySelector("button"), form, async () => {
  await send("POST", "/api/v1/email-confirmations/resend", { body: { email: email.value } });
  byId("unconfirmed").hidden = true;
  tell(form, t("login.mailed", { email: email.value }));
});

if (!navigator.cookieEnabled) tell(form, t("login.no_cookies"), "bad");

if (isSignedIn()) {
  // Whoever is signed in need not do it again; a server that cannot be asked is asked by the form.
  token().then(() => location.replace(returnUrl()), () => {});
}
