import { HttpClient } from '@angular/common/http';
import { inject, Injectable } from '@angular/core';
import { Observable } from 'rxjs';

import { environment } from '../../environments/environment';
import type { Claim, Company } from './contract';

const COMPANIES = `${environment.apiUrl}/api/companies`;

/** The routes of /api/companies; both need a token. */
@Injectable({ providedIn: 'root' })
export class CompaniesApi {
  private readonly http = inject(HttpClient);

  list(): Observable<Company[]> {
    return this.http.get<Company[]>(COMPANIES);
  }

  /** The claims of the caller's token, for administrators. */
  claims(): Observable<Claim[]> {
    return this.http.get<Claim[]>(`${COMPANIES}/privacy`);
  }
}
