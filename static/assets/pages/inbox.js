import { byId, make } from "../dom.js";
import { problemText, tell } from "../form.js";
import { send } from "../http.js";
import { t } from "../i18n.js";
import { date } from "../texts.js";

const EVERY_MS = 2000;
const LINK = /https?:\/\/[^\s<>"]+/g;
const note = byId("note");
let shown = null;

async function refresh() {
  try {
    const messages = await send("GET", "/dev/inbox.json");
    const ids = messages.map(({ id }) => id).join();
    if (ids !== shown) show(messages);
    else if (note.dataset.code) tell(note, "");
    shown = ids;
  } catch (fault) {
    tell(note, problemText(fault), "bad").dataset.code = fault.code;
  }
}

function show(messages) {
  tell(note, messages.length ? "" : t("inbox.empty"), "");
  byId("messages").replaceChildren(...messages.map(card));
}

function card({ channel, to, subject, text, code, at }) {
  return make(
    "article",
    { className: "card" },
    make("h2", { textContent: subject || t("inbox.text") }),
    make("p", { className: "meta", textContent: t("inbox.meta", { channel, to, at: date(at) }) }),
    code ? make("p", { className: "mailed-code", textContent: code }) : null,
    withLinks(text),
  );
}

// The text is only ever set as text; what looks like a web address becomes a link.
function withLinks(text) {
  const made = make("div", { className: "message" });
  let from = 0;
  for (const { 0: href, index } of text.matchAll(LINK)) {
    made.append(text.slice(from, index), make("a", { href, rel: "noopener noreferrer", textContent: href }));
    from = index + href.length;
  }
  made.append(text.slice(from));
  return made;
}

await refresh();
setInterval(() => document.hidden || refresh(), EVERY_MS);
