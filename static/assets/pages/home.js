import { tell } from "/assets/form.js";
import { token } from "/assets/session.js";

if (token()) tell("You are signed in.");
