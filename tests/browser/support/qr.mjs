// What a phone's camera would see.

import assert from 'node:assert/strict';

import jsQR from 'jsqr';
import { PNG } from 'pngjs';

/** The text of the QR code on a picture of this element. Its quiet zone must be part of the element. */
export async function readQr(locator) {
  const { data, width, height } = PNG.sync.read(await locator.screenshot());
  const found = jsQR(new Uint8ClampedArray(data), width, height);
  assert.ok(found, `no QR code can be read from ${width} × ${height} px`);
  return found.data;
}
