import { freshly } from "../again.js";
import { byId, make, showOnly } from "../dom.js";
import { onPress, onSubmit, tell } from "../form.js";
import { plural, t } from "../i18n.js";
import { showCodes } from "../recovery.js";
import { asUser } from "../protected.js";
import { ask, claims } from "../session.js";
import { date, way } from "../texts.js";
import { blameCode } from "../wrong.js";

const LAST_WAY = { no_valid_provider: "security.last_way" };
const me = (path) => `/api/v1/me/${path}`;
const secondStep = byId("second-step");
let factors = null;

await asUser(async () => {
  show(await ask("GET", me("factors")));
  byId("username").value = (await claims()).email;
  byId("content").hidden = false;
  if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
});

async function refresh() {
  show(await ask("GET", me("factors")));
}

function show(next) {
  factors = next;
  const { twoFactorEnabled: isOn, factors: all, recoveryCodesLeft } = next;
  const has = (kind) => all.some((factor) => factor.kind === kind);
  byId("state").textContent = t(isOn ? "security.on" : "security.off");
  byId("state").className = isOn ? "badge good" : "badge";
  byId("switch").textContent = t(isOn ? "security.switch_off" : "security.switch_on");
  byId("switch").className = isOn ? "quiet danger" : "";
  byId("preferred").hidden = !isOn || all.length < 2;
  const option = (factor) => new Option(label(factor), factor.provider);
  byId("provider").replaceChildren(...all.map(option));
  byId("provider").value = next.preferredProvider ?? "";
  const rows = [...all.map(row), ...next.disabledFactors.map(disabledRow)];
  byId("factor-list").replaceChildren(...(rows.length ? rows : [make("li", { textContent: t("security.none") })]));
  byId("app-begin").textContent = t(has("authenticator") ? "app.replace" : "app.begin");
  byId("app-remove").hidden = !has("authenticator");
  byId("phone-remove").hidden = !has("sms");
  byId("recovery-left").textContent = plural("recovery.left", recoveryCodesLeft);
}

function label(factor) {
  const name = way(factor, factors.factors);
  return factor.destination ? t("challenge.way_to", { way: name, destination: factor.destination }) : name;
}

function row(factor) {
  const isFirst = factors.twoFactorEnabled && factor.provider === factors.preferredProvider;
  const since = factor.confirmedAt ? t("security.confirmed", { date: date(factor.confirmedAt) }) : "";
  return make(
    "li",
    {},
    make("strong", { textContent: label(factor) }),
    isFirst ? make("span", { className: "badge", textContent: t("security.first") }) : null,
    make("span", { className: "meta", textContent: since }),
  );
}

function disabledRow(factor) {
  return make(
    "li",
    {},
    make("strong", { textContent: way(factor, factors.disabledFactors) }),
    make("span", { className: "badge", textContent: t("security.disabled") }),
    make("span", { className: "meta", textContent: t("security.disabled_why") }),
  );
}

/** The first time that it is on, also where it was from the start, it comes with recovery codes. */
async function setSecondStep(change) {
  const next = await freshly(() => ask("PUT", me("two-factor"), change));
  show(next);
  if (next.recoveryCodes) showCodes(next.recoveryCodes);
}

onPress(byId("switch"), secondStep, async () => {
  const enabled = !factors.twoFactorEnabled;
  await setSecondStep({ enabled });
  tell(secondStep, t(enabled ? "security.is_on" : "security.is_off"));
});

onSubmit(byId("preferred"), async ({ provider }) => {
  await setSecondStep({ enabled: true, preferredProvider: provider });
  tell(byId("preferred"), t("account.saved"));
});

// --- Authenticator app

const app = byId("authenticator");
const appForm = byId("app-form");

onPress(byId("app-begin"), app, async () => {
  const { sharedKey, otpauthUri, qrSvg } = await freshly(() => ask("POST", me("authenticator"), {}));
  // As a picture: whatever is in it, nothing of it runs.
  byId("qr").src = `data:image/svg+xml,${encodeURIComponent(qrSvg)}`;
  byId("key").textContent = sharedKey.replace(/(.{4})(?=.)/g, "$1 ");
  byId("otpauth").href = otpauthUri;
  tell(app, "");
  appForm.reset();
  appForm.hidden = false;
  appForm.elements.code.focus();
}, { no_valid_provider: "app.not_here" });

onSubmit(appForm, ({ code }) =>
  blameCode(appForm, async () => {
    await freshly(() => ask("POST", me("authenticator/verify"), { code: code.replace(/\s/g, "") }));
    appForm.hidden = true;
    await refresh();
    tell(app, t("app.added"));
  }),
);

onPress(byId("app-remove"), app, async () => {
  await freshly(() => ask("DELETE", me("authenticator")));
  await refresh();
  tell(app, t("app.removed"));
}, LAST_WAY);

// --- Phone

const phoneForm = byId("phone-form");
const phoneCode = byId("phone-code");
let number = "";

async function sendText() {
  await freshly(() => ask("POST", me("phone"), { phoneNumber: number }));
  byId("phone-sent").textContent = t("phone.sent", { number });
}

onSubmit(phoneForm, async ({ phoneNumber }) => {
  number = phoneNumber;
  await sendText();
  showOnly(phoneCode, phoneForm);
  phoneCode.elements.code.focus();
}, { no_valid_provider: "phone.not_here" });

onPress(byId("phone-again"), phoneCode, async () => {
  await sendText();
  tell(phoneCode, t("challenge.resent"));
});

byId("phone-other").addEventListener("click", () => {
  showOnly(phoneForm, phoneCode);
  phoneForm.elements.phoneNumber.focus();
});

onSubmit(phoneCode, ({ code }) =>
  blameCode(phoneCode, async () => {
    await freshly(() => ask("POST", me("phone/verify"), { code: code.replace(/\s/g, "") }));
    showOnly(phoneForm, phoneCode);
    phoneForm.reset();
    phoneCode.reset();
    await refresh();
    tell(phoneForm, t("phone.added"));
  }),
);

onPress(byId("phone-remove"), phoneForm, async () => {
  await freshly(() => ask("DELETE", me("phone")));
  await refresh();
  tell(phoneForm, t("phone.removed"));
}, LAST_WAY);

// --- Recovery codes and password

onPress(byId("recovery-new"), byId("recovery"), async () => {
  const { recoveryCodes } = await freshly(() => ask("POST", me("recovery-codes"), {}));
  await refresh();
  showCodes(recoveryCodes);
});

const passwordForm = byId("password-change");
onSubmit(passwordForm, async ({ currentPassword, newPassword }) => {
  await freshly(() => ask("PUT", me("password"), { currentPassword, newPassword }));
  passwordForm.reset();
  tell(passwordForm, t("security.password_changed"));
});
