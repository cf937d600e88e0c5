import { DestroyRef, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { finalize, type Observable } from 'rxjs';

import { Fault } from './fault';

/** What a page asks of the server: one request at a time, and why it failed. Made where a component is made. */
export class Call {
  readonly busy = signal(false);
  readonly faults = signal<readonly string[]>([]);
  private readonly destroyed = inject(DestroyRef);

  /** Sends the request and calls `done` with its answer; does nothing while another is under way. */
  run<T>(request: Observable<T>, done: (answer: T) => void): void {
    if (this.busy()) return;
    this.busy.set(true);
    this.faults.set([]);
    request
      .pipe(
        takeUntilDestroyed(this.destroyed),
        finalize(() => {
          this.busy.set(false);
        }),
      )
      .subscribe({
        next: done,
        error: (fault: unknown) => {
          if (!(fault instanceof Fault)) throw fault;
          this.faults.set(fault.texts);
        },
      });
  }
}
