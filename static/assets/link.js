// The link of a mail that opened the page.

/**
 * Its token and address. They leave the address bar, where they would be seen and copied, for the history, where a reload
 * finds them.
 */
export function takeLink() {
  const query = new URLSearchParams(location.search);
  const [token, email] = [query.get("token"), query.get("email")];
  if (token) history.replaceState({ token, email: email ?? "" }, "", location.pathname);
  return history.state ?? {};
}
