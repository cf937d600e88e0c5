import { onSubmit, tell } from "/assets/form.js";
import { post } from "/assets/http.js";

const form = document.querySelector("form");

onSubmit(form, async ({ email }) => {
  await post("/api/accounts/forgotpassword", { email });
  form.hidden = true;
  tell(`If ${email} belongs to an account, a link is on its way there.`);
});
