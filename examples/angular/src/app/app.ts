import { ChangeDetectionStrategy, Component, type ElementRef, inject, viewChild } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { filter, skip } from 'rxjs';

import { Session } from './auth/session';

/** The frame of every page. */
@Component({
  selector: 'app-root',
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <header>
      <nav aria-label="Pages">
        <a routerLink="/home" routerLinkActive ariaCurrentWhenActive="page">Home</a>
        <a routerLink="/company/companies" routerLinkActive ariaCurrentWhenActive="page">Companies</a>
        @if (session.isSignedIn()) {
          <a routerLink="/privacy" routerLinkActive ariaCurrentWhenActive="page">Privacy</a>
        }
      </nav>
      <nav aria-label="Account">
        @if (session.claims(); as claims) {
          <span class="who">{{ claims.email }}</span>
          <button type="button" (click)="logOut()">Log out</button>
        } @else {
          <a routerLink="/authentication/register" routerLinkActive ariaCurrentWhenActive="page">Register</a>
          <a routerLink="/authentication/login" routerLinkActive ariaCurrentWhenActive="page">Log in</a>
        }
      </nav>
    </header>
    <main tabindex="-1" #main>
      <router-outlet />
    </main>
  `,
})
export class App {
  protected readonly session = inject(Session);
  private readonly router = inject(Router);
  private readonly main = viewChild.required<ElementRef<HTMLElement>>('main');

  constructor() {
    // A browser reads a new document aloud from its beginning; here the router has to lead there.
    this.router.events
      .pipe(
        filter((event) => event instanceof NavigationEnd),
        skip(1),
        takeUntilDestroyed(),
      )
      .subscribe(() => {
        this.main().nativeElement.focus();
      });
  }

  /** The server keeps nothing of this client's sessions that has to be ended: the token dies within minutes. */
  protected logOut(): void {
    this.session.end();
    void this.router.navigate(['/home']);
  }
}
