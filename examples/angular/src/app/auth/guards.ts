import { inject } from '@angular/core';
import { type CanActivateFn, Router } from '@angular/router';

import { Session } from './session';

/** For those who are signed in; others log in first and come back. */
export const signedIn: CanActivateFn = (_route, { url }) =>
  inject(Session).isSignedIn() ||
  inject(Router).createUrlTree(['/authentication/login'], { queryParams: { returnUrl: url } });

/** For administrators. The server refuses others as well: this only spares them a page that stays empty. */
export const administrator: CanActivateFn = (_route, { url }) =>
  inject(Session).isAdministrator() ||
  inject(Router).createUrlTree(['/forbidden'], { queryParams: { returnUrl: url } });
