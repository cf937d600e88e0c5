import { onSubmit, tell } from "/assets/form.js";
import { post } from "/assets/http.js";

const form = document.querySelector("form");

// No clientURI: the link in the mail opens this server's own page.
onSubmit(form, async (values) => {
  await post("/api/accounts/registration", values);
  form.hidden = true;
  tell(`A mail is on its way to ${values.email}. Open its link to confirm the address, then log in.`);
});
