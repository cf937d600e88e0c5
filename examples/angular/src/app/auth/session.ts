import { computed, effect, Injectable, signal } from '@angular/core';

import { claimsOf, lifetimeOf, rolesOf } from './token';

// The article keeps the token in localStorage, for all tabs and for ever. Here it is sessionStorage: as simple, but it
// ends with the tab. A script that got into the page could read either.
const storage = sessionStorage;
const KEY = 'token';

/** What a browser's timer can count, in milliseconds: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Whether somebody is signed in, and as whom. */
@Injectable({ providedIn: 'root' })
export class Session {
  private readonly current = signal(stored());
  readonly token = this.current.asReadonly();
  readonly claims = computed(() => claimsOf(this.current() ?? ''));
  readonly isSignedIn = computed(() => this.claims() !== null);
  readonly isAdministrator = computed(() => {
    const claims = this.claims();
    return claims !== null && rolesOf(claims).includes('Administrator');
  });

  constructor() {
    effect((onCleanup) => {
      const claims = this.claims();
      if (!claims) return;
      const lifetime = Math.min(lifetimeOf(claims), LONGEST_TIMER);
      const timer = setTimeout(() => {
        this.end();
      }, lifetime);
      onCleanup(() => {
        clearTimeout(timer);
      });
    });
  }

  begin(token: string): void {
    storage.setItem(KEY, token);
    this.current.set(token);
  }

  end(): void {
    storage.removeItem(KEY);
    this.current.set(null);
  }
}

/** The token of this tab, unless it has expired. */
function stored(): string | null {
  const token = storage.getItem(KEY);
  const claims = token && claimsOf(token);
  return claims && lifetimeOf(claims) > 0 ? token : null;
}
