// The second step: where the code went, how it fares, other ways, and the code.

import { byId, make, showOnly } from "./dom.js";
import { blame, clear, complain, onPress, onSubmit, tell } from "./form.js";
import { local, send } from "./http.js";
import { plural, t } from "./i18n.js";
import { clock, wait, way } from "./texts.js";

const A_SECOND_MS = 1_000;
const LOOK_OFTEN_MS = 1_500;
const LOOK_SELDOM_MS = 10_000;
const FEW = 4;
const SENT = ["email", "sms", "custom"];

/**
 * Leads through the challenge `id` in this page. `onVerified` gets the answer of the server, `onStart` what the challenge is;
 * `restart` is where a new sign-in begins. Gives a function that ends it.
 */
export function lead(id, { onVerified, restart, onRestart }) {
  const path = `/api/v1/challenges/${encodeURIComponent(id)}`;
  const form = byId("code-form");
  const stop = new AbortController();
  let challenge = null;
  let lookAt = 0;
  let otp = null;
  // How the challenge was when each provider was last in use.
  const used = new Map();

  function show(next) {
    const isOther = next.provider !== challenge?.provider;
    challenge = next;
    used.set(next.provider, next);
    if (next.status !== "pending") return end(next.status);
    showOnly(byId("challenge"), byId("loading"), byId("ended"));
    if (isOther) ask();
    showDelivery();
    showWays();
    tick();
  }

  // What is asked for depends on the provider alone: a reading that changes nothing leaves the page alone.
  function ask() {
    const { kind, destination, codeLength } = challenge;
    byId("about").textContent = t(`challenge.about.${kind}`, {
      n: codeLength,
      destination,
      name: way(ofProvider(challenge)),
    });
    const input = form.elements.code;
    const isRecovery = kind === "recovery";
    input.inputMode = isRecovery ? "text" : "numeric";
    input.autocomplete = isRecovery ? "off" : "one-time-code";
    input.pattern = isRecovery ? "[A-Za-z0-9\\s\\-]*" : "[0-9\\s]*";
    showLimits(challenge.attemptsLeft < FEW);
    tell(form, "");
    clear(input);
    input.focus();
    readText();
  }

  // The tries that are left are told with each wrong code, and to whoever comes back with few of them.
  function showLimits(withTries) {
    const until = t("challenge.until", { time: clock(local(challenge.expiresAt)) });
    const tries = withTries ? ` ${plural("challenge.attempts", challenge.attemptsLeft)}` : "";
    byId("until").textContent = until + tries;
  }

  function showDelivery() {
    const { delivery, kind } = challenge;
    const place = byId("delivery");
    const values = { time: delivery && clock(local(delivery.at)) };
    const hint = delivery?.status === "sent" && kind === "email" ? "sent_mail" : delivery?.status;
    set(place, hint ? t(`delivery.${hint}`, values) : "");
    place.dataset.status = delivery?.status ?? "";
  }

  function showWays() {
    const others = challenge.providers.filter(({ name }) => name !== challenge.provider);
    const list = byId("ways").querySelector("ul");
    byId("ways").hidden = !others.length;
    const names = others.map(({ name }) => name).join();
    if (list.dataset.names === names) return;
    list.dataset.names = names;
    list.replaceChildren(...others.map(wayButton));
  }

  function wayButton(offer) {
    const text = way(offer, challenge.providers);
    const label = offer.destination ? t("challenge.way_to", { way: text, destination: offer.destination }) : text;
    const button = make("button", { type: "button", className: "quiet", textContent: label });
    onPress(button, form, () => choose(offer));
    return make("li", {}, button);
  }

  async function choose(offer) {
    tell(form, "");
    form.elements.code.value = "";
    try {
      show(await send("POST", `${path}/codes`, { body: { provider: offer.name } }));
    } catch (fault) {
      const isEnough = fault.code === "resend_too_soon" || fault.code === "too_many_sends";
      if (!isEnough || !used.has(offer.name)) return refused(fault);
      // The code that went there before is still good.
      const { attemptsLeft, sendsLeft } = challenge;
      show({ ...used.get(offer.name), attemptsLeft, sendsLeft });
      tell(form, t("challenge.sent_before"), "");
    }
  }

  async function resend() {
    try {
      show(await send("POST", `${path}/codes`, { body: { provider: challenge.provider } }));
      tell(form, t("challenge.resent"));
      form.elements.code.focus();
    } catch (fault) {
      await refused(fault);
    }
  }

  async function verify({ code, remember }) {
    const typed = challenge.kind === "recovery" ? code.trim() : code.replace(/\s/g, "");
    otp?.abort();
    try {
      const body = { code: typed, provider: challenge.provider, rememberDevice: remember === "on" };
      const answer = await send("POST", `${path}/verify?session=cookie`, { body });
      leave();
      await onVerified(answer);
    } catch (fault) {
      await refused(fault);
    }
  }

  async function refused(fault) {
    if (fault.code === "challenge_closed" || fault.code === "not_found") {
      const now = await send("GET", path).catch(() => ({ status: "closed" }));
      return end(now.status === "pending" ? "closed" : now.status);
    }
    if (fault.code !== "invalid_code") throw fault;
    if (fault.attemptsLeft === 0) return end("spent");
    const text = t(fault.hint === "clock_skew" ? "challenge.wrong_clock" : "challenge.wrong");
    challenge = { ...challenge, attemptsLeft: fault.attemptsLeft };
    showLimits(false);
    blame(form.elements.code, `${text} ${plural("challenge.attempts", fault.attemptsLeft)}`);
    form.elements.code.focus();
    form.elements.code.select();
  }

  function end(status) {
    leave();
    showOnly(byId("ended"), byId("loading"), byId("challenge"));
    const isDone = status === "verified";
    byId("ended-why").className = isDone ? "note good" : "note bad";
    byId("ended-why").textContent = t(`challenge.ended.${status}`);
    const next = byId("ended-next");
    next.textContent = t(isDone ? "action.continue" : "challenge.sign_in_again");
    next.href = isDone ? restart.done : restart.again;
    next.onclick = onRestart ? (event) => (event.preventDefault(), onRestart()) : null;
    byId("ended").focus();
  }

  // A second has passed.
  function tick() {
    if (stop.signal.aborted || !challenge) return;
    const now = Date.now();
    if (now >= local(challenge.expiresAt)) return end("expired");
    showResend(now);
    if (now >= lookAt && !document.hidden) look(now);
  }

  function showResend(now) {
    const { kind, resendAt, sendsLeft } = challenge;
    // The server tells whole seconds: the moment may be in the middle of one.
    const seconds = resendAt ? Math.ceil((local(resendAt) + A_SECOND_MS - now) / A_SECOND_MS) : 0;
    byId("again").hidden = !SENT.includes(kind);
    byId("resend").disabled = seconds > 0 || sendsLeft === 0;
    const rest = seconds > 0 ? t("challenge.resend_in", { wait: wait(seconds) }) : "";
    byId("resend-wait").textContent = sendsLeft === 0 ? t("challenge.no_sends") : rest;
  }

  async function look(now) {
    lookAt = now + (challenge.delivery?.status === "queued" ? LOOK_OFTEN_MS : LOOK_SELDOM_MS);
    const { provider } = challenge;
    try {
      const next = await send("GET", path);
      // The answer may be older than a choice that was made meanwhile.
      if (!stop.signal.aborted && provider === challenge.provider && next.provider === provider) show(next);
    } catch (fault) {
      if (fault.status === 404) end("closed");
      else if (fault.status === 0) set(byId("delivery"), t("challenge.no_connection"));
    }
  }

  // A text message whose last line names this server is offered by the browser (WebOTP).
  function readText() {
    otp?.abort();
    if (challenge.kind !== "sms" || !("OTPCredential" in window)) return;
    otp = new AbortController();
    navigator.credentials
      .get({ otp: { transport: ["sms"] }, signal: otp.signal })
      .then((found) => {
        form.elements.code.value = found.code;
        form.requestSubmit();
      })
      .catch(() => {});
  }

  function ofProvider({ provider, providers, kind }) {
    return providers.find(({ name }) => name === provider) ?? { name: provider, kind };
  }

  function leave() {
    otp?.abort();
    stop.abort();
  }

  async function begin() {
    try {
      lookAt = Date.now() + LOOK_OFTEN_MS;
      show(await send("GET", path));
    } catch (fault) {
      if (fault.status === 404) return end("unknown");
      showOnly(byId("challenge"), byId("loading"));
      complain(form, fault);
      // As soon as there is a connection again.
      setTimeout(() => stop.signal.aborted || begin(), LOOK_SELDOM_MS);
    }
  }

  showOnly(byId("loading"), byId("challenge"), byId("ended"));
  current = { verify, resend };
  wire(form);
  const timer = setInterval(tick, A_SECOND_MS);
  stop.signal.addEventListener("abort", () => clearInterval(timer));
  begin();
  return leave;
}

// The parts of the page are wired once, to whichever challenge is led through.
let current = null;
let isWired = false;

function wire(form) {
  if (isWired) return;
  isWired = true;
  onSubmit(form, (values) => current.verify(values));
  onPress(byId("resend"), form, () => current.resend());
}

// A live region that is written to is read aloud, also with the same text.
function set(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
