import { onSubmit } from "/assets/form.js";
import { post } from "/assets/http.js";
import { keepPending, returnUrl, signIn } from "/assets/session.js";

onSubmit(document.querySelector("form"), async ({ email, password }) => {
  const answer = await post("/api/accounts/login", { email, password });
  if (answer.is2StepVerificationRequired) {
    const { provider, challengeId, expiresAt } = answer;
    keepPending({ email, provider, challengeId, expiresAt, returnUrl: returnUrl() });
    location.assign("/authentication/twostepverification");
  } else {
    signIn(answer.token);
    location.assign(returnUrl());
  }
});
