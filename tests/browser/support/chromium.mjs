// Chromium: one per test file, a fresh context per test, and no fault of a page that goes unseen.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';

import { chromium } from 'playwright-core';

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const SHOTS = process.env.TWOSTEP_SHOTS;
const WAITS = 10_000;

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 320, height: 640 };

/** Starts Chromium for this test file: call it at the top of the file. It is closed after the last test. */
export async function startChromium() {
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Pages get all they need from this machine.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
    ],
  });
  after(() => browser.close());
  return new Chromium(browser);
}

class Chromium {
  #browser;

  constructor(browser) {
    this.#browser = browser;
  }

  /**
   * A page in a browser that nobody used before, closed at the end of the test `t`. Uncaught errors, console errors
   * and requests that fail make the test fail; `statuses` lists the refusals (400, 401, …, or a network error as the
   * console words it) that the test is about.
   * Everything else is an option of a Playwright context.
   */
  async page(t, { statuses = [], ...options } = {}) {
    const context = await this.#browser.newContext({ locale: 'en-GB', viewport: WIDE, ...options });
    context.setDefaultTimeout(WAITS);
    const faults = [];
    context.on('weberror', (error) => faults.push(`uncaught: ${error.error().stack ?? error.error()}`));
    context.on('console', (message) => {
      if (message.type() !== 'error' || isExpected(message.text(), statuses)) return;
      faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    const page = await context.newPage();
    t.after(async () => {
      if (!t.passed) {
        console.error(`--- "${t.name}" failed at ${page.url()} ---`);
        await shot(page, `failed ${t.name}`);
      }
      await context.close();
      assert.deepEqual(faults, [], 'the page has faults');
    });
    return page;
  }
}

/** Writes a picture of the whole page into the folder TWOSTEP_SHOTS, if that is set. */
export async function shot(page, name) {
  if (!SHOTS) return;
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name.replace(/[^a-z0-9]+/gi, '-')}.png`), fullPage: true });
}

/** Fails if the page is wider than its window. */
export async function assertNoSidewaysScroll(page) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
}

function isExpected(text, statuses) {
  return statuses.some((status) =>
    text.includes(typeof status === 'number' ? `responded with a status of ${status} ` : status),
  );
}
