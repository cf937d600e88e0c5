import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { NonNullableFormBuilder, ReactiveFormsModule, Validators } from '@angular/forms';

import { AccountsApi } from '../../api/accounts-api';
import { Call } from '../../api/call';
import { Field } from '../../shared/field';
import { isReady } from '../../shared/forms';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-forgot-password',
  imports: [Field, Note, ReactiveFormsModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Forgot password</h1>
      <app-note [texts]="call.faults()" />
      @if (mailedTo(); as email) {
        <p class="good" role="status">
          If {{ email }} has an account here, a mail with a link is on its way. The link lets you choose a new password.
        </p>
      } @else {
        <p>Tell us your address, and we mail you a link to choose a new password.</p>
        <form [formGroup]="form" (ngSubmit)="send()" novalidate>
          <app-field
            name="email"
            label="E-mail"
            type="email"
            autocomplete="username"
            [control]="form.controls.email"
          />
          <button type="submit" [attr.aria-busy]="call.busy()">Send the link</button>
        </form>
      }
    </section>
  `,
})
export class ForgotPassword {
  private readonly api = inject(AccountsApi);
  protected readonly call = new Call();
  protected readonly mailedTo = signal('');
  protected readonly form = inject(NonNullableFormBuilder).group({
    email: ['', [Validators.required, Validators.email]],
  });

  protected send(): void {
    if (!isReady(this.form)) return;
    const { email } = this.form.getRawValue();
    this.call.run(this.api.forgotPassword(email), () => {
      this.mailedTo.set(email);
    });
  }
}
