import { freshly } from "../again.js";
import { byId } from "../dom.js";
import { onSubmit, tell } from "../form.js";
import { t } from "../i18n.js";
import { asUser } from "../protected.js";
import { ask, forget, leaveWord } from "../session.js";

const profile = byId("profile");
const email = byId("email-form");
const dialog = byId("delete-dialog");

await asUser(async () => {
  show(await ask("GET", "/api/v1/me"));
  byId("content").hidden = false;
});

function show(me) {
  const { firstName, lastName, locale } = profile.elements;
  firstName.value = me.firstName;
  lastName.value = me.lastName;
  // A language that is not in the list stays what it is.
  if (me.locale && ![...locale.options].some(({ value }) => value === me.locale)) {
    locale.add(new Option(me.locale, me.locale));
  }
  locale.value = me.locale ?? "";
  byId("email-now").textContent = me.email;
}

onSubmit(profile, async ({ firstName, lastName, locale }) => {
  show(await ask("PATCH", "/api/v1/me", { firstName, lastName, locale: locale || null }));
  tell(profile, t("account.saved"));
});

onSubmit(email, async ({ email: address }) => {
  await freshly(() => ask("POST", "/api/v1/me/email", { email: address }));
  email.reset();
  tell(email, t("account.email_sent", { email: address }));
});

byId("delete").addEventListener("click", () => dialog.showModal());
byId("delete-cancel").addEventListener("click", () => dialog.close());

onSubmit(byId("delete-form"), async () => {
  await freshly(() => ask("DELETE", "/api/v1/me"));
  forget();
  leaveWord("account.deleted");
  location.replace("/");
});
