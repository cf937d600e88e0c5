import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { Router } from '@angular/router';

import { Session } from '../auth/session';

@Component({
  selector: 'app-forbidden',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Forbidden</h1>
      <p>Your account may not see this page.</p>
      <button type="button" (click)="switchAccount()">Log in with another account</button>
    </section>
  `,
})
export class Forbidden {
  /** The page that was refused; from the query string. */
  readonly returnUrl = input<string>();

  private readonly router = inject(Router);
  private readonly session = inject(Session);

  protected switchAccount(): void {
    this.session.end();
    const queryParams = { returnUrl: this.returnUrl() };
    void this.router.navigate(['/authentication/login'], { queryParams });
  }
}
