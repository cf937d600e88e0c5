import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { NonNullableFormBuilder, ReactiveFormsModule, Validators } from '@angular/forms';
import { RouterLink } from '@angular/router';

import { AccountsApi } from '../../api/accounts-api';
import { Call } from '../../api/call';
import { Field } from '../../shared/field';
import { isReady, sameAs } from '../../shared/forms';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-reset-password',
  imports: [Field, Note, ReactiveFormsModule, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Reset password</h1>
      <app-note [texts]="call.faults()" />
      @if (isDone()) {
        <p class="good" role="status">Your new password is set.</p>
        <p><a class="button" routerLink="/authentication/login">Log in</a></p>
      } @else {
        @let fields = form.controls;
        <form [formGroup]="form" (ngSubmit)="reset()" novalidate>
          <app-field
            name="password"
            label="New password"
            type="password"
            autocomplete="new-password"
            hint="At least 8 characters; several words make a good one."
            [control]="fields.password"
          />
          <app-field
            name="confirmPassword"
            label="New password, once more"
            type="password"
            autocomplete="new-password"
            [control]="fields.confirmPassword"
          />
          <button type="submit" [attr.aria-busy]="call.busy()">Set the password</button>
        </form>
      }
    </section>
  `,
})
export class ResetPassword {
  // From the query string of the mailed link.
  readonly token = input<string>();
  readonly email = input<string>();

  private readonly api = inject(AccountsApi);
  protected readonly call = new Call();
  protected readonly isDone = signal(false);
  protected readonly form = inject(NonNullableFormBuilder).group({
    password: ['', Validators.required],
    confirmPassword: ['', [Validators.required, sameAs('password')]],
  });

  protected reset(): void {
    if (!isReady(this.form)) return;
    const reset = { ...this.form.getRawValue(), token: this.token() ?? '', email: this.email() ?? '' };
    this.call.run(this.api.resetPassword(reset), () => {
      this.isDone.set(true);
    });
  }
}
