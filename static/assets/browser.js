// Browsers, by what they call themselves.

import { t } from "./i18n.js";

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
