import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { NonNullableFormBuilder, ReactiveFormsModule, Validators } from '@angular/forms';
import { Router, RouterLink } from '@angular/router';

import { AccountsApi } from '../../api/accounts-api';
import { Call } from '../../api/call';
import type { SecondStep, SignedIn } from '../../api/contract';
import { Session } from '../../auth/session';
import { Field } from '../../shared/field';
import { isReady } from '../../shared/forms';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-login',
  imports: [Field, Note, ReactiveFormsModule, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Log in</h1>
      <app-note [texts]="call.faults()" />
      @let fields = form.controls;
      <form [formGroup]="form" (ngSubmit)="logIn()" novalidate>
        <app-field name="email" label="E-mail" type="email" autocomplete="username" [control]="fields.email" />
        <app-field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          [control]="fields.password"
        />
        <button type="submit" [attr.aria-busy]="call.busy()">Log in</button>
      </form>
      <p><a routerLink="/authentication/forgotpassword">Forgot your password?</a></p>
      <p>No account yet? <a routerLink="/authentication/register">Register</a></p>
    </section>
  `,
})
export class Login {
  /** Where to go afterwards; from the query string. */
  readonly returnUrl = input<string>();

  private readonly api = inject(AccountsApi);
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  protected readonly call = new Call();
  protected readonly form = inject(NonNullableFormBuilder).group({
    email: ['', [Validators.required, Validators.email]],
    password: ['', Validators.required],
  });

  protected logIn(): void {
    if (!isReady(this.form)) return;
    this.call.run(this.api.login(this.form.getRawValue()), (answer) => {
      this.proceed(answer);
    });
  }

  private proceed(answer: SignedIn | SecondStep): void {
    const returnUrl = this.returnUrl() ?? '/';
    if (answer.is2StepVerificationRequired) {
      const { provider, challengeId } = answer;
      const { email } = this.form.getRawValue();
      // The id stays in the browser's history entry: it survives a reload and is in no link.
      void this.router.navigate(['/authentication/twostepverification'], {
        queryParams: { returnUrl, provider, email },
        state: { challengeId },
      });
      return;
    }
    this.session.begin(answer.token);
    void this.router.navigateByUrl(returnUrl);
  }
}
