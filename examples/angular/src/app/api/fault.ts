import type { HttpErrorResponse } from '@angular/common/http';

import type { Refusal } from './contract';

/** Why a request failed, in words for the person at the screen. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    readonly texts: readonly string[],
  ) {
    super(texts.join('\n'));
  }
}

/** Reads the shapes in which the server refuses: a text, a list of errors, or an object with a message. */
export function faultOf(response: HttpErrorResponse): Fault {
  if (response.status === 0) {
    return new Fault(0, ['The server cannot be reached. Is it running, and are you online?']);
  }
  const texts = textsOf(response.error as Refusal | null);
  return new Fault(response.status, texts.length > 0 ? texts : [`The server answered with ${String(response.status)}.`]);
}

function textsOf(refusal: Refusal | null): string[] {
  if (!refusal) return [];
  if (typeof refusal === 'string') return [refusal];
  if ('errors' in refusal) return refusal.errors;
  return refusal.errorMessage ? [refusal.errorMessage] : [];
}
