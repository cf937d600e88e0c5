// What every page has: who is signed in, the way out, and a word from the page before.

import { announce, problemText } from "./form.js";
import { t } from "./i18n.js";
import { isSignedIn, leaveWord, signOut, takeWord } from "./session.js";

const WORD_MS = 8_000;

const word = takeWord();
if (word) announceFor(t(word));

for (const link of document.querySelectorAll("nav a")) {
  if (link.pathname === location.pathname) link.ariaCurrent = "page";
  else if (link.pathname === "/account" && !link.closest(".tabs") && location.pathname.startsWith("/account/")) {
    link.ariaCurrent = "true";
  }
}

showState();
addEventListener("signedout", showState);
addEventListener("storage", lookAgain);
// A page that comes back as it was may be of somebody who has left.
addEventListener("pageshow", ({ persisted }) => persisted && lookAgain());

document.getElementById("logout").addEventListener("click", async ({ target }) => {
  target.ariaBusy = "true";
  try {
    await signOut();
    leaveWord("frame.signed_out");
    location.assign("/");
  } catch (fault) {
    announceFor(problemText(fault));
    target.ariaBusy = null;
  }
});

function showState() {
  const state = isSignedIn() ? "signed-in" : "signed-out";
  for (const part of document.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
}

function lookAgain() {
  showState();
  if (!isSignedIn() && document.documentElement.dataset.signedIn) location.reload();
}

function announceFor(text) {
  announce(text);
  setTimeout(() => announce(""), WORD_MS);
}
