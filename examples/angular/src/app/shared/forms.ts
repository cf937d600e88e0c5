import type { AbstractControl, FormGroup, ValidatorFn } from '@angular/forms';

/** The value of the control's sibling, once more. */
export function sameAs(sibling: string): ValidatorFn {
  return ({ value, parent }: AbstractControl<string>) =>
    value === parent?.get(sibling)?.value ? null : { different: true };
}

/** Whether the form may be sent; otherwise shows what is wrong and leads to the first such field. */
export function isReady(form: FormGroup): boolean {
  const controls = Object.entries(form.controls);
  // One field's rule may look at another, which changed since.
  for (const [, control] of controls) control.updateValueAndValidity();
  form.markAllAsTouched();
  const wrong = controls.find(([, control]) => control.invalid);
  if (wrong) document.getElementById(wrong[0])?.focus();
  return !wrong;
}
