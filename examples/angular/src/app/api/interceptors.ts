import { HttpErrorResponse, type HttpInterceptorFn } from '@angular/common/http';
import { inject } from '@angular/core';
import { Router } from '@angular/router';
import { catchError, throwError } from 'rxjs';

import { environment } from '../../environments/environment';
import { Session } from '../auth/session';
import { faultOf } from './fault';

/** Shows the token to the API, and to nobody else. */
export const bearer: HttpInterceptorFn = (request, next) => {
  const token = inject(Session).token();
  if (!token || !request.url.startsWith(`${environment.apiUrl}/`)) return next(request);
  return next(request.clone({ setHeaders: { authorization: `Bearer ${token}` } }));
};

/** Turns what the server refuses into a `Fault`, and leads to the page that can help. */
export const faults: HttpInterceptorFn = (request, next) => {
  const router = inject(Router);
  const session = inject(Session);

  return next(request).pipe(
    catchError((response: unknown) => {
      if (!(response instanceof HttpErrorResponse)) return throwError(() => response);
      const fault = faultOf(response);
      const queryParams = { returnUrl: router.url };
      // A login is refused with 401 and a body, a missing or expired token with 401 and none.
      if (fault.status === 401 && !response.error) {
        session.end();
        void router.navigate(['/authentication/login'], { queryParams });
      }
      if (fault.status === 403) void router.navigate(['/forbidden'], { queryParams });
      if (fault.status === 404) void router.navigate(['/404']);
      return throwError(() => fault);
    }),
  );
};
