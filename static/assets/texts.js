// Times, lengths and names as people read them.

import { language, t } from "./i18n.js";

const MINUTE_S = 60;

export function clock(ms) {
  return new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

export function date(time) {
  return new Date(time).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

/** "42 seconds", "3 minutes": rounded up, so that waiting as long is enough. */
export function wait(seconds) {
  const [count, unit] = seconds < 2 * MINUTE_S ? [seconds, "second"] : [seconds / MINUTE_S, "minute"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.ceil(count));
}

/** What a provider is called; two of one kind are told apart by their names. */
export function way({ name, provider, kind }, all = []) {
  const own = name ?? provider;
  if (kind === "custom") return own;
  const text = t(`kind.${kind}`);
  return all.filter((other) => other.kind === kind).length > 1 ? `${text} (${own})` : text;
}

/** The browser and the system that a User-Agent names. */
export function browser(userAgent) {
  const find = (names) => names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const name = find([
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\//, "Firefox"],
    [/Chrome\/|CriOS\//, "Chrome"],
    [/Safari\//, "Safari"],
  ]);
  const system = find([
    [/iPhone|iPad/, "iOS"],
    [/Android/, "Android"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "macOS"],
    [/Linux/, "Linux"],
  ]);
  if (name && system) return t("browser.on", { name, system });
  return name ?? system ?? (userAgent ? userAgent.slice(0, 40) : t("browser.unknown"));
}
