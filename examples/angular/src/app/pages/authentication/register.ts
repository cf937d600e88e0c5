import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { NonNullableFormBuilder, ReactiveFormsModule, Validators } from '@angular/forms';
import { RouterLink } from '@angular/router';

import { AccountsApi } from '../../api/accounts-api';
import { Call } from '../../api/call';
import { Field } from '../../shared/field';
import { isReady, sameAs } from '../../shared/forms';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-register',
  imports: [Field, Note, ReactiveFormsModule, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Register</h1>
      <app-note [texts]="call.faults()" />
      @if (mailedTo(); as email) {
        <p class="good" role="status">
          A mail is on its way to {{ email }}. Open the link in it to confirm that the address is yours.
        </p>
      } @else {
        @let fields = form.controls;
        <form [formGroup]="form" (ngSubmit)="register()" novalidate>
          <app-field
            name="firstName"
            label="First name (optional)"
            autocomplete="given-name"
            [control]="fields.firstName"
          />
          <app-field
            name="lastName"
            label="Last name (optional)"
            autocomplete="family-name"
            [control]="fields.lastName"
          />
          <app-field name="email" label="E-mail" type="email" autocomplete="username" [control]="fields.email" />
          <app-field
            name="password"
            label="Password"
            type="password"
            autocomplete="new-password"
            hint="At least 8 characters; several words make a good one."
            [control]="fields.password"
          />
          <app-field
            name="confirmPassword"
            label="Password, once more"
            type="password"
            autocomplete="new-password"
            [control]="fields.confirmPassword"
          />
          <button type="submit" [attr.aria-busy]="call.busy()">Register</button>
        </form>
        <p>Have an account? <a routerLink="/authentication/login">Log in</a></p>
      }
    </section>
  `,
})
export class Register {
  private readonly api = inject(AccountsApi);
  protected readonly call = new Call();
  protected readonly mailedTo = signal('');
  protected readonly form = inject(NonNullableFormBuilder).group({
    firstName: '',
    lastName: '',
    email: ['', [Validators.required, Validators.email]],
    password: ['', Validators.required],
    confirmPassword: ['', [Validators.required, sameAs('password')]],
  });

  protected register(): void {
    if (!isReady(this.form)) return;
    const registration = this.form.getRawValue();
    this.call.run(this.api.register(registration), () => {
      this.mailedTo.set(registration.email);
    });
  }
}
