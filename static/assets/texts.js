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
