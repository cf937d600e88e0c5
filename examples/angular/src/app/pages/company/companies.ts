import { ChangeDetectionStrategy, Component, inject, type OnInit, signal } from '@angular/core';

import { Call } from '../../api/call';
import { CompaniesApi } from '../../api/companies-api';
import type { Company } from '../../api/contract';
import { Note } from '../../shared/note';

@Component({
  selector: 'app-companies',
  imports: [Note],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card wide">
      <h1>Companies</h1>
      <app-note [texts]="call.faults()" />
      @if (call.busy()) {
        <p role="status">One moment …</p>
      } @else if (companies().length > 0) {
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Address</th>
            </tr>
          </thead>
          <tbody>
            @for (company of companies(); track company.id) {
              <tr>
                <td>{{ company.name }}</td>
                <td>{{ company.fullAddress }}</td>
              </tr>
            }
          </tbody>
        </table>
      }
    </section>
  `,
})
export class Companies implements OnInit {
  private readonly api = inject(CompaniesApi);
  protected readonly call = new Call();
  protected readonly companies = signal<Company[]>([]);

  ngOnInit(): void {
    this.call.run(this.api.list(), (companies) => {
      this.companies.set(companies);
    });
  }
}
