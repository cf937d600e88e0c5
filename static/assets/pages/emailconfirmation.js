import { complain, tell } from "/assets/form.js";
import { get } from "/assets/http.js";

const query = new URLSearchParams(location.search);
const token = query.get("token");
const email = query.get("email");

history.replaceState(null, "", location.pathname);

if (token && email) {
  tell("Confirming …");
  try {
    await get(`/api/accounts/emailconfirmation?${new URLSearchParams({ token, email })}`);
    tell("Your email has been successfully confirmed.");
    document.getElementById("login").hidden = false;
  } catch (fault) {
    complain(fault);
  }
} else {
  tell("This page is opened by the link in a mail.", "bad");
}
