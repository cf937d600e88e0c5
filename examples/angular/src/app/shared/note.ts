import { ChangeDetectionStrategy, Component, input } from '@angular/core';

/** Texts that a screen reader announces when they come; nothing at all while there are none. */
@Component({
  selector: 'app-note',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="note" role="alert">
      @for (text of texts(); track $index) {
        <p>{{ text }}</p>
      }
    </div>
  `,
})
export class Note {
  readonly texts = input.required<readonly string[]>();
}
