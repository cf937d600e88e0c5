import { lead } from "../challenge.js";
import { byId } from "../dom.js";
import { keep, onTheWay, returnUrl } from "../session.js";

const again = onTheWay("/authentication/login");
byId("restart").href = again;

let leave = null;

// The challenge is in the fragment: reload and the back button keep it, and no server is told.
function begin() {
  leave?.();
  const id = location.hash.slice(1);
  if (!id) return location.replace(again);
  leave = lead(id, {
    restart: { again, done: returnUrl() },
    onVerified({ tokens }) {
      keep(tokens);
      location.replace(returnUrl());
    },
  });
}

addEventListener("hashchange", begin);
addEventListener("pageshow", ({ persisted }) => persisted && begin());
begin();
