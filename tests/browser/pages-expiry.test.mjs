// A code whose time is over, by a server whose codes live for seconds.

import { test } from 'node:test';

import { startChromium } from './support/chromium.mjs';
import { enter, LOGIN, PASSWORD, toSecondStep } from './support/pages.mjs';
import { codeOf, startRelay } from './support/relay.mjs';
import { startServer } from './support/server.mjs';

const relay = await startRelay();
const server = await startServer({ relay, env: { TWOSTEP__TWO_STEP__CODE_LIFETIME: '4s' } });
const browser = await startChromium();
const email = 'jane@example.com';
await server.addUser(email, PASSWORD, '--two-factor', 'on');

test('a page whose code has expired says so by itself and leads on', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin });
  await toSecondStep(page, email);

  await page.getByText('The time for this code is over.').waitFor();

  await page.getByRole('link', { name: 'Sign in again' }).click();
  await page.waitForURL(`**${LOGIN}`);
});

test('a code that expires on its way is told apart from a wrong one', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin, statuses: [410] });
  await toSecondStep(page, email);
  const code = codeOf(await relay.mailTo(email, 'Authentication token'));
  await page.route('**/verify?*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 4500));
    await route.continue();
  });

  await enter(page, code);

  await page.getByText('The time for this code is over.').waitFor();
});

test('a challenge that is not known leads to the sign-in', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin, statuses: [404] });

  await page.goto('/authentication/twostepverification#nothing');

  await page.getByText('There is no such sign-in').waitFor();
});
