import { ChangeDetectionStrategy, Component, inject, type OnInit, signal } from '@angular/core';

import { Call } from '../api/call';
import { CompaniesApi } from '../api/companies-api';
import type { Claim } from '../api/contract';
import { Note } from '../shared/note';

@Component({
  selector: 'app-privacy',
  imports: [Note],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card wide">
      <h1>Privacy</h1>
      <p>What your token says about you, as the server read it.</p>
      <app-note [texts]="call.faults()" />
      @if (call.busy()) {
        <p role="status">One moment …</p>
      }
      <dl>
        @for (claim of claims(); track $index) {
          <dt>{{ claim.type }}</dt>
          <dd>{{ claim.value }}</dd>
        }
      </dl>
    </section>
  `,
})
export class Privacy implements OnInit {
  private readonly api = inject(CompaniesApi);
  protected readonly call = new Call();
  protected readonly claims = signal<Claim[]>([]);

  ngOnInit(): void {
    this.call.run(this.api.claims(), (claims) => {
      this.claims.set(claims);
    });
  }
}
