import { element, tell } from "/assets/form.js";
import { get } from "/assets/http.js";

const EVERY_MS = 2000;
const LINK = /https?:\/\/[^\s<>"]+/g;
let shown = "";

async function refresh() {
  try {
    const messages = await get("/dev/inbox.json");
    const ids = messages.map(({ id }) => id).join();
    if (ids !== shown || !messages.length) show(messages);
    shown = ids;
  } catch (fault) {
    tell(fault.message, "bad");
  }
}

function show(messages) {
  tell(messages.length ? "" : "Nothing has been sent yet.");
  document.getElementById("messages").replaceChildren(...messages.map(card));
}

function card({ channel, to, subject, text, code, at }) {
  const made = element("article", "", "card");
  const time = new Date(at).toLocaleTimeString();
  made.append(element("h2", subject || "Text message"));
  made.append(element("p", `${channel} to ${to} · ${time}${code ? ` · code ${code}` : ""}`, "meta"));
  made.append(withLinks(text));
  return made;
}

// The text is only ever set as text; what looks like a web address becomes a link.
function withLinks(text) {
  const made = element("div", "", "message");
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const link = element("a", match[0]);
    link.href = match[0];
    link.rel = "noopener noreferrer";
    made.append(text.slice(from, match.index), link);
    from = match.index + match[0].length;
  }
  made.append(text.slice(from));
  return made;
}

await refresh();
setInterval(() => document.hidden || refresh(), EVERY_MS);
