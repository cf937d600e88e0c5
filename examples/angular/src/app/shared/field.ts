import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { type FormControl, ReactiveFormsModule, type ValidationErrors } from '@angular/forms';
import { switchMap } from 'rxjs';

/** A labelled input that says what is wrong with it once it was left, or the form was sent. */
@Component({
  selector: 'app-field',
  imports: [ReactiveFormsModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <label [for]="name()">{{ label() }}</label>
    <input
      [id]="name()"
      [type]="type()"
      [formControl]="control()"
      [attr.autocomplete]="autocomplete()"
      [attr.inputmode]="type() === 'text' ? inputMode() : null"
      [attr.aria-invalid]="fault() ? true : null"
      [attr.aria-describedby]="describedBy()"
    />
    @if (hint()) {
      <p class="hint" [id]="name() + '-hint'">{{ hint() }}</p>
    }
    @if (fault(); as text) {
      <p class="fault" [id]="name() + '-fault'">{{ text }}</p>
    }
  `,
})
export class Field {
  readonly name = input.required<string>();
  readonly label = input.required<string>();
  readonly control = input.required<FormControl<string>>();
  readonly type = input<'text' | 'email' | 'password'>('text');
  readonly autocomplete = input('on');
  readonly inputMode = input<'text' | 'numeric'>('text');
  readonly hint = input('');

  private readonly changes = toSignal(toObservable(this.control).pipe(switchMap((control) => control.events)));

  protected readonly fault = computed(() => {
    this.changes();
    const { touched, errors } = this.control();
    return touched && errors ? textOf(errors) : '';
  });

  protected readonly describedBy = computed(() => {
    const ids = [this.hint() && `${this.name()}-hint`, this.fault() && `${this.name()}-fault`];
    return ids.filter(Boolean).join(' ') || null;
  });
}

function textOf(errors: ValidationErrors): string {
  if ('required' in errors) return 'Please fill this in.';
  if ('email' in errors) return 'Please enter an e-mail address, such as jane@example.com.';
  if ('pattern' in errors) return 'Please enter the digits of the code.';
  return 'The two passwords are not the same.';
}
