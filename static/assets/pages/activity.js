import { browser } from "../browser.js";
import { byId, make } from "../dom.js";
import { onPress, tell } from "../form.js";
import { known, t } from "../i18n.js";
import { asUser } from "../protected.js";
import { ask } from "../session.js";
import { date } from "../texts.js";

const PAGE = 20;
const sections = Object.fromEntries(["sessions", "devices", "events"].map((id) => [id, byId(id).closest("section")]));
let events = [];

await asUser(async () => {
  const loads = ["sessions", "devices", "events"].map((list) => ask("GET", `/api/v1/me/${list}`));
  const [sessions, devices, all] = await Promise.all(loads);
  showSessions(sessions);
  showDevices(devices);
  events = all;
  showEvents(PAGE);
  byId("content").hidden = false;
});

function showSessions(sessions) {
  byId("sessions").replaceChildren(...sessions.map(sessionRow));
  byId("end-others").hidden = sessions.length < 2;
}

function sessionRow({ id, createdAt, lastUsedAt, address, userAgent, current }) {
  const times = t("sessions.times", { from: date(createdAt), last: date(lastUsedAt) });
  const end = make("button", { type: "button", className: "quiet small", textContent: t("sessions.end") });
  end.ariaLabel = t("sessions.end_which", { browser: browser(userAgent), address });
  onPress(end, sections.sessions, async () => {
    await ask("DELETE", `/api/v1/me/sessions/${id}`);
    showSessions(await ask("GET", "/api/v1/me/sessions"));
    tell(sections.sessions, t("sessions.ended"));
  });
  const badge = make("span", { className: "badge good", textContent: t("sessions.this") });
  return entry(browser(userAgent), [address, times], current ? badge : end);
}

onPress(byId("end-others"), sections.sessions, async () => {
  await ask("DELETE", "/api/v1/me/sessions");
  showSessions(await ask("GET", "/api/v1/me/sessions"));
  tell(sections.sessions, t("sessions.others_ended"));
});

function showDevices(devices) {
  const none = make("li", { textContent: t("devices.none") });
  byId("devices").replaceChildren(...(devices.length ? devices.map(deviceRow) : [none]));
}

function deviceRow({ id, createdAt, expiresAt, address, userAgent }) {
  const times = t("devices.times", { from: date(createdAt), until: date(expiresAt) });
  const remove = make("button", { type: "button", className: "quiet small", textContent: t("devices.forget") });
  remove.ariaLabel = t("devices.forget_which", { browser: browser(userAgent), address });
  onPress(remove, sections.devices, async () => {
    await ask("DELETE", `/api/v1/me/devices/${id}`);
    showDevices(await ask("GET", "/api/v1/me/devices"));
    tell(sections.devices, t("devices.forgotten"));
  });
  return entry(browser(userAgent), [address, times], remove);
}

function showEvents(count) {
  byId("events").replaceChildren(...events.slice(0, count).map(eventRow));
  byId("more").hidden = events.length <= count;
}

onPress(byId("more"), sections.events, () => {
  const before = byId("events").children.length;
  showEvents(events.length);
  const next = byId("events").children[before];
  next.tabIndex = -1;
  next.focus();
});

function eventRow({ event, at, address, detail }) {
  const text = known(`event.${event}`) ? t(`event.${event}`, detail ?? {}) : event.replaceAll("_", " ");
  const from = detail?.userAgent ? browser(detail.userAgent) : "";
  return entry(text, [[address, from].filter(Boolean).join(" · "), date(at)], null);
}

function entry(title, lines, extra) {
  const metas = lines.filter(Boolean).map((textContent) => make("span", { className: "meta", textContent }));
  return make("li", {}, make("strong", { textContent: title }), extra, ...metas);
}
