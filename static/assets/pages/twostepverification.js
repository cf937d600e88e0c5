import { onSubmit, tell } from "/assets/form.js";
import { post } from "/assets/http.js";
import { pending, signIn } from "/assets/session.js";

const step = pending();

if (step) {
  const until = new Date(step.expiresAt);
  const time = Number.isNaN(until.getTime())
    ? ""
    : ` It is good until ${until.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}.`;
  document.getElementById("about").textContent =
    `A code for ${step.email} is on its way (${step.provider}).${time}`;
} else {
  tell("There is no sign-in to verify. Log in first.", "bad");
}

onSubmit(document.querySelector("form"), async ({ code }) => {
  if (!step) {
    location.assign("/authentication/login");
    return;
  }
  const { email, provider, challengeId } = step;
  const answer = await post("/api/accounts/twostepverification", {
    email,
    provider,
    token: code.trim(),
    challengeId,
  });
  signIn(answer.token);
  location.assign(step.returnUrl || "/");
});
