// What every page has: who is signed in, and the way out.

import { signOut, token } from "/assets/session.js";

const state = token() ? "signed-in" : "signed-out";
for (const part of document.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;

for (const link of document.querySelectorAll("header nav a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}

document.getElementById("logout").addEventListener("click", () => {
  signOut();
  location.assign("/");
});
