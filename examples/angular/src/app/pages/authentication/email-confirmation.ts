import { ChangeDetectionStrategy, Component, inject, input, type OnInit, signal } from '@angular/core';
import { RouterLink } from '@angular/router';

import { AccountsApi } from '../../api/accounts-api';
import { Call } from '../../api/call';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-email-confirmation',
  imports: [Note, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>E-mail confirmation</h1>
      <app-note [texts]="call.faults()" />
      @if (isDone()) {
        <p class="good" role="status">Your address is confirmed.</p>
        <p><a class="button" routerLink="/authentication/login">Log in</a></p>
      } @else if (call.busy()) {
        <p role="status">One moment …</p>
      } @else {
        <p>
          A link works once and not for ever. Try to <a routerLink="/authentication/login">log in</a>, or
          <a routerLink="/authentication/register">register</a> again for a new link.
        </p>
      }
    </section>
  `,
})
export class EmailConfirmation implements OnInit {
  // From the query string of the mailed link.
  readonly token = input<string>();
  readonly email = input<string>();

  private readonly api = inject(AccountsApi);
  protected readonly call = new Call();
  protected readonly isDone = signal(false);

  ngOnInit(): void {
    const confirmation = { token: this.token() ?? '', email: this.email() ?? '' };
    this.call.run(this.api.confirmEmail(confirmation), () => {
      this.isDone.set(true);
    });
  }
}
