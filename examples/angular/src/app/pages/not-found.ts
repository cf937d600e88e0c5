import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  selector: 'app-not-found',
  imports: [RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <section class="card">
      <h1>Not found</h1>
      <p>There is no such page. <a routerLink="/home">Go to the start</a></p>
    </section>
  `,
})
export class NotFound {}
