// Wrong codes of the account pages.

import { blame, complain } from "./form.js";
import { plural, t } from "./i18n.js";

/** Does `work`; a wrong code is told at the code's field, with the guesses that are left. */
export async function blameCode(form, work) {
  try {
    await work();
  } catch (fault) {
    if (fault.code !== "invalid_code") return complain(form, fault, { challenge_closed: "account.code_closed" });
    const text = t(fault.hint === "clock_skew" ? "challenge.wrong_clock" : "challenge.wrong");
    blame(form.elements.code, `${text} ${plural("challenge.attempts", fault.attemptsLeft)}`);
    form.elements.code.focus();
    form.elements.code.select();
  }
}
