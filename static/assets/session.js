// Who is signed in. The access token is kept in memory only: a new page gets one by the cookie that no script can read.

import { Problem, send } from "./http.js";

const REFRESH = "/api/v1/tokens/refresh?session=cookie";
const LOGIN = "/authentication/login";
// Tells the pages that asking for a token is worth it. It is no secret and opens nothing.
const HINT = "signed-in";
const EARLY_MS = 10_000;

let access = null;
let asking = null;

/** Whether this browser was signed in when it last knew. */
export function isSignedIn() {
  return read(localStorage, HINT) !== null;
}

/** Takes the tokens of a sign-in or a refresh. */
export function keep({ accessToken, expiresIn }) {
  access = { token: accessToken, until: Date.now() + expiresIn * 1000 - EARLY_MS };
  write(localStorage, HINT, "yes");
}

/** Forgets who was signed in, and tells this page so by the event `signedout`. */
export function forget() {
  access = null;
  write(localStorage, HINT, null);
  dispatchEvent(new Event("signedout"));
}

/** An access token that is good now; a Problem `signed_out` if nobody is signed in. */
export async function token() {
  if (access && Date.now() < access.until) return access.token;
  asking ??= inTurn(refresh).finally(() => (asking = null));
  await asking;
  return access.token;
}

/** Asks as whoever is signed in. */
export async function ask(method, path, body) {
  try {
    return await send(method, path, { body, token: await token() });
  } catch (fault) {
    if (fault.code !== "unauthorized" || fault.status !== 401) throw fault;
    // The session of that token was ended, maybe by another one in this browser.
    access = null;
    return send(method, path, { body, token: await token() });
  }
}

/** What the access token says. The server believes its signature only; here it is just read. */
export async function claims() {
  const [, payload] = (await token()).split(".");
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Ends the session here and at the server. */
export async function signOut() {
  try {
    await send("POST", "/api/v1/logout?session=cookie", { body: {} });
  } catch (fault) {
    // Nothing to end is as good as ended.
    if (fault.status === 0 || fault.status >= 429) throw fault;
  }
  forget();
}

/** Where to go after a sign-in: an address of this server, nothing else. */
export function returnUrl() {
  const asked = new URLSearchParams(location.search).get("returnUrl") ?? "/";
  try {
    const url = new URL(asked, location.origin);
    const isOurs = asked.startsWith("/") && url.origin === location.origin;
    // In full: a path such as //example.com would lead away.
    return isOurs && !url.pathname.startsWith("/authentication/") ? url.href : `${location.origin}/`;
  } catch {
    return `${location.origin}/`;
  }
}

/** A page of the sign-in that leads back to where this one leads. */
export function onTheWay(path) {
  const back = new URLSearchParams(location.search).get("returnUrl");
  return back ? `${path}?returnUrl=${encodeURIComponent(back)}` : path;
}

/** Sends the user to the sign-in and back here afterwards. */
export function toLogin() {
  location.replace(`${LOGIN}?returnUrl=${encodeURIComponent(location.pathname)}`);
}

/** The address that was typed last in this tab, so that nobody types it twice. */
export function lastEmail() {
  return read(sessionStorage, "email") ?? "";
}

export function rememberEmail(email) {
  write(sessionStorage, "email", email);
}

/** Leaves the key of a text for the next page to show. */
export function leaveWord(key) {
  write(sessionStorage, "word", key);
}

export function takeWord() {
  const key = read(sessionStorage, "word");
  write(sessionStorage, "word", null);
  return key;
}

// One tab at a time: each refresh changes the cookie.
function inTurn(work) {
  return navigator.locks ? navigator.locks.request("refresh", work) : work();
}

async function refresh() {
  try {
    keep(await send("POST", REFRESH, { body: {} }));
  } catch (fault) {
    if (fault.status !== 401) throw fault;
    forget();
    throw new Problem("signed_out", fault.status);
  }
}

// A browser may refuse its storage; then the pages only forget more.
function read(storage, key) {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, value);
  } catch {
    // See above.
  }
}
