// The rig itself: server, relay, browser, axe and QR reading work together.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertAccessible } from './support/axe.mjs';
import { assertNoSidewaysScroll, NARROW, shot, startChromium, WIDE } from './support/chromium.mjs';
import { readQr } from './support/qr.mjs';
import { codeOf, linkOf, startRelay } from './support/relay.mjs';
import { startServer } from './support/server.mjs';

const relay = await startRelay();
const server = await startServer({ relay });
const browser = await startChromium();

const PASSWORD = 'brook lantern walnut';

async function post(path, body, headers = {}) {
  return fetch(new URL(path, server.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

for (const viewport of [NARROW, WIDE]) {
  test(`the front page opens and is accessible at ${viewport.width} px`, async (t) => {
    const page = await browser.page(t, { viewport, baseURL: server.origin });

    await page.goto('/');

    assert.match(await page.title(), /twostep/);
    await shot(page, `front ${viewport.width}`);
    await assertNoSidewaysScroll(page);
    await assertAccessible(page);
  });
}

test('the link of a registration is mailed and confirms', async () => {
  const email = 'new@example.com';
  const person = { firstName: 'New', lastName: 'Person', email, password: PASSWORD, confirmPassword: PASSWORD };

  const registered = await post('/api/accounts/registration', person);

  assert.equal(registered.status, 201);
  const link = new URL(linkOf(await relay.mailTo(email, 'Email Confirmation token')));
  assert.equal(link.origin, server.origin);
  const confirmed = await fetch(new URL(`/api/accounts/emailconfirmation${link.search}`, server.origin));
  assert.equal(confirmed.status, 200);
});

test('the code of a login is mailed and verifies', async () => {
  const email = 'jane@example.com';
  await server.addUser(email, PASSWORD, '--two-factor', 'on');

  const login = await post('/api/accounts/login', { email, password: PASSWORD });

  assert.equal(login.status, 200);
  const { provider, challengeId } = await login.json();
  const token = codeOf(await relay.mailTo(email, 'Authentication token'));
  const verified = await post('/api/accounts/twostepverification', { email, provider, token, challengeId });
  assert.equal(verified.status, 200);
  assert.equal((await verified.json()).isAuthSuccessful, true);
});

test('the QR code of an authenticator is read from a picture', async (t) => {
  const email = 'phone@example.com';
  await server.addUser(email, PASSWORD, '--two-factor', 'off');
  const login = await post('/api/v1/logins', { email, password: PASSWORD });
  const { tokens } = await login.json();
  const answer = await post('/api/v1/me/authenticator', {}, { authorization: `Bearer ${tokens.accessToken}` });
  const { qrSvg, otpauthUri } = await answer.json();
  const page = await browser.page(t);

  await page.setContent(qrSvg);

  assert.equal(await readQr(page.locator('svg')), otpauthUri);
});
