import { HttpClient } from '@angular/common/http';
import { inject, Injectable } from '@angular/core';
import { Observable } from 'rxjs';

import { environment } from '../../environments/environment';
import type {
  EmailConfirmation,
  ForgotPassword,
  Login,
  Registration,
  ResetPassword,
  SecondStep,
  SignedIn,
  TwoStepVerification,
} from './contract';

const ACCOUNTS = `${environment.apiUrl}/api/accounts`;

/** The routes of /api/accounts; a success without a body is null. */
@Injectable({ providedIn: 'root' })
export class AccountsApi {
  private readonly http = inject(HttpClient);

  register(registration: Omit<Registration, 'clientURI'>): Observable<null> {
    const body: Registration = { ...registration, clientURI: here('/authentication/emailconfirmation') };
    return this.http.post<null>(`${ACCOUNTS}/registration`, body);
  }

  confirmEmail(confirmation: EmailConfirmation): Observable<null> {
    return this.http.get<null>(`${ACCOUNTS}/emailconfirmation`, { params: { ...confirmation } });
  }

  login(credentials: Omit<Login, 'clientURI'>): Observable<SignedIn | SecondStep> {
    const body: Login = { ...credentials, clientURI: here('/authentication/forgotpassword') };
    return this.http.post<SignedIn | SecondStep>(`${ACCOUNTS}/login`, body);
  }

  verify(verification: TwoStepVerification): Observable<SignedIn> {
    return this.http.post<SignedIn>(`${ACCOUNTS}/twostepverification`, verification);
  }

  forgotPassword(email: string): Observable<null> {
    const body: ForgotPassword = { email, clientURI: here('/authentication/resetpassword') };
    return this.http.post<null>(`${ACCOUNTS}/forgotpassword`, body);
  }

  resetPassword(reset: ResetPassword): Observable<null> {
    return this.http.post<null>(`${ACCOUNTS}/resetpassword`, reset);
  }
}

/** A page of this client. */
function here(path: string): string {
  return `${location.origin}${path}`;
}
