import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  selector: 'app-home',
  imports: [RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Two-step verification</h1>
      <p>
        A client of the article “2-Step Verification with Angular and ASP.NET Core Identity”, against a server in Rust.
      </p>
      <p>
        The list of <a routerLink="/company/companies">companies</a> is for everybody who is logged in,
        <a routerLink="/privacy">privacy</a> for administrators only.
      </p>
    </section>
  `,
})
export class Home {}
