import { Location } from '@angular/common';
import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { NonNullableFormBuilder, ReactiveFormsModule, Validators } from '@angular/forms';
import { Router, RouterLink } from '@angular/router';

import { AccountsApi } from '../../api/accounts-api';
import { Call } from '../../api/call';
import { Session } from '../../auth/session';
import { Field } from '../../shared/field';
import { isReady } from '../../shared/forms';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-two-step-verification',
  imports: [Field, Note, ReactiveFormsModule, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Two-step verification</h1>
      <p>{{ whereTheCodeIs() }}</p>
      <app-note [texts]="call.faults()" />
      <form [formGroup]="form" (ngSubmit)="verify()" novalidate>
        <app-field
          name="code"
          label="Code"
          inputMode="numeric"
          autocomplete="one-time-code"
          [control]="form.controls.code"
        />
        <button type="submit" [attr.aria-busy]="call.busy()">Verify</button>
      </form>
      <p>
        No code? <a routerLink="/authentication/login" [queryParams]="{ returnUrl: returnUrl() }">Log in again</a>
        to get a new one.
      </p>
    </section>
  `,
})
export class TwoStepVerification {
  // From the query string.
  readonly returnUrl = input<string>();
  readonly provider = input<string>();
  readonly email = input<string>();

  private readonly api = inject(AccountsApi);
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly challenge = inject(Location).getState() as { challengeId?: string } | null;
  protected readonly call = new Call();
  protected readonly form = inject(NonNullableFormBuilder).group({
    code: ['', [Validators.required, Validators.pattern(/^\s*\d+\s*$/)]],
  });

  protected readonly whereTheCodeIs = computed(() => {
    switch (this.provider()) {
      case 'Email':
        return `Enter the code that was mailed to ${this.email() ?? 'you'}.`;
      case 'Sms':
        return 'Enter the code that was sent to your phone.';
      case 'Authenticator':
        return 'Enter the code that your authenticator app shows.';
      default:
        return 'Enter the code that was sent to you.';
    }
  });

  protected verify(): void {
    if (!isReady(this.form)) return;
    const verification = {
      email: this.email() ?? '',
      provider: this.provider() ?? '',
      token: this.form.getRawValue().code.trim(),
      ...(this.challenge?.challengeId && { challengeId: this.challenge.challengeId }),
    };
    this.call.run(this.api.verify(verification), ({ token }) => {
      this.session.begin(token);
      void this.router.navigateByUrl(this.returnUrl() ?? '/');
    });
  }
}
