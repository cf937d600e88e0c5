import { onSubmit, tell } from "/assets/form.js";
import { post } from "/assets/http.js";

const query = new URLSearchParams(location.search);
const token = query.get("token");
const email = query.get("email");
const form = document.querySelector("form");

// The link works once and is worth a password until then: it does not stay in the address bar.
history.replaceState(null, "", location.pathname);

if (token && email) {
  form.elements.email.value = email;
} else {
  form.hidden = true;
  tell("This page is opened by the link in a mail. Ask for a new one.", "bad");
}

onSubmit(form, async ({ password, confirmPassword }) => {
  await post("/api/accounts/resetpassword", { password, confirmPassword, token, email });
  form.hidden = true;
  tell("Your password has been reset. You can log in with the new one.");
});
