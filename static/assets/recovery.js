// Recovery codes, shown once.

import { byId, make } from "./dom.js";
import { onPress, tell } from "./form.js";
import { t } from "./i18n.js";

const place = byId("codes-shown");
const save = byId("codes-save");
const note = byId("codes-note");
let text = "";

/** Shows new codes until they are kept. */
export function showCodes(codes) {
  text = codes.map((code) => `${code}\n`).join("");
  byId("codes").replaceChildren(...codes.map((code) => make("li", {}, make("code", { textContent: code }))));
  save.href = URL.createObjectURL(new Blob([`${location.host}\n\n${text}`], { type: "text/plain" }));
  tell(note, "");
  place.hidden = false;
  place.focus();
  place.scrollIntoView({ block: "nearest" });
}

onPress(byId("codes-copy"), place, async () => {
  try {
    await navigator.clipboard.writeText(text);
    tell(note, t("codes.copied"));
  } catch {
    tell(note, t("codes.not_copied"), "bad");
  }
});

byId("codes-print").addEventListener("click", () => print());

byId("codes-done").addEventListener("click", () => {
  URL.revokeObjectURL(save.href);
  text = "";
  byId("codes").replaceChildren();
  place.hidden = true;
  byId("switch").focus();
});
