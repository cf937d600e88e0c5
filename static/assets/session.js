// What this tab knows of its user. It ends with the tab.

const TOKEN = "token";
const PENDING = "pending";

export function token() {
  return sessionStorage.getItem(TOKEN);
}

export function signIn(value) {
  sessionStorage.setItem(TOKEN, value);
  sessionStorage.removeItem(PENDING);
}

export function signOut() {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(PENDING);
}

/** The second step that a right password opened: email, provider, challengeId, expiresAt, returnUrl. */
export function pending() {
  try {
    return JSON.parse(sessionStorage.getItem(PENDING));
  } catch {
    return null;
  }
}

export function keepPending(step) {
  sessionStorage.setItem(PENDING, JSON.stringify(step));
}

/** Where to go after a sign-in: a path of this server, nothing else. */
export function returnUrl() {
  const asked = new URLSearchParams(location.search).get("returnUrl") ?? "/";
  try {
    const url = new URL(asked, location.origin);
    return url.origin === location.origin ? url.pathname + url.search : "/";
  } catch {
    return "/";
  }
}

/** Sends the user to the login page and back here afterwards. */
export function toLogin() {
  location.assign(`/authentication/login?returnUrl=${encodeURIComponent(location.pathname)}`);
}
