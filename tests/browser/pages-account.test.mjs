// The pages of the account.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { startChromium } from './support/chromium.mjs';
import { enter, fillIn, LOGIN, open, PASSWORD, ready, signIn, toSecondStep } from './support/pages.mjs';
import { readQr } from './support/qr.mjs';
import { codeOf, startRelay } from './support/relay.mjs';
import { startServer } from './support/server.mjs';
import { totp } from './support/totp.mjs';

const CODE_MAIL = 'Authentication token';
const SECURITY = '/account/security';

const relay = await startRelay();
const server = await startServer({
  relay,
  env: { TWOSTEP__PROVIDERS__SMS__ENABLED: 'true', TWOSTEP__PROVIDERS__SMS__GATEWAY: 'inbox' },
});
const browser = await startChromium();
let people = 0;

/** Somebody whose password is enough, signed in. */
async function signedIn(t, { statuses = [], ...options } = {}) {
  const email = `joe${++people}@example.com`;
  await server.addUser(email, PASSWORD, '--two-factor', 'off');
  const page = await browser.page(t, { baseURL: server.origin, statuses, acceptDownloads: true, ...options });
  await signIn(page, email);
  return { page, email };
}

/** Switches the second step on and gives the recovery codes. */
async function switchOn(page) {
  await open(page, SECURITY);
  await page.getByRole('button', { name: 'Switch the second step on' }).click();
  await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor();
  return page.locator('#codes code').allInnerTexts();
}

/** Answers the dialog that asks for the password and a mailed code. */
async function proveAgain(page, email) {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.locator('#code').fill(codeOf(await relay.mailTo(email, CODE_MAIL)));
  await dialog.getByRole('button', { name: 'Verify' }).click();
}

async function signOut(page) {
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
}

test('the second step is switched on, and a recovery code gets in', async (t) => {
  const { page, email } = await signedIn(t, { permissions: ['clipboard-read', 'clipboard-write'] });
  const codes = await switchOn(page);
  assert.equal(new Set(codes).size, 10);

  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Copied.').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), codes.map((code) => `${code}\n`).join(''));
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ]);
  const saved = await readFile(await download.path(), 'utf8');
  assert.ok(codes.every((code) => saved.includes(code)));
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.locator('#codes').isVisible());
  assert.ok(!(await page.locator('#phone').isVisible()), 'only the codes are printed');
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('button', { name: 'I have kept them' }).click();
  assert.equal(await page.locator('#codes code').count(), 0);

  await signOut(page);
  await toSecondStep(page, email);
  await page.getByRole('button', { name: 'Recovery code' }).click();
  await page.getByText('Each works once.').waitFor();
  await enter(page, codes[3].toUpperCase().replaceAll('-', ''));
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).waitFor();
  await page.goto(SECURITY);
  await page.getByText('You have 9 codes left.').waitFor();
});

test('an app is enrolled by its picture and is the second way in', async (t) => {
  const { page, email } = await signedIn(t, { statuses: [403, 422] });
  await switchOn(page);

  await page.getByRole('button', { name: 'Set up an app' }).click();
  await proveAgain(page, email);
  const uri = await readQr(page.getByRole('img', { name: 'QR code for the authenticator app' }));
  assert.equal(new URL(uri).searchParams.get('secret'), (await page.locator('#key').innerText()).replaceAll(' ', ''));
  const confirm = page.getByRole('button', { name: 'Confirm the app' });
  await page.locator('#app-code').fill(String((Number(totp(uri)) + 1) % 1_000_000).padStart(6, '0'));
  await confirm.click();
  await page.getByText('You have 4 more tries.').waitFor();
  await page.locator('#app-code').fill(totp(uri));
  await confirm.click();
  await page.getByText('The app is set up.').waitFor();

  await signOut(page);
  await toSecondStep(page, email);
  await page.getByRole('button', { name: 'Authenticator app' }).click();
  await page.getByText('Open your authenticator app').waitFor();
  // The step of the first code is used up; the next one is good already.
  await enter(page, totp(uri, 1));
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).waitFor();
});

test('a remembered device is not asked for a code until it is forgotten', async (t) => {
  const { page, email } = await signedIn(t);
  await switchOn(page);
  await signOut(page);
  await toSecondStep(page, email);
  await page.getByLabel('Remember this device').check();
  await enter(page, codeOf(await relay.mailTo(email, CODE_MAIL)));
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).waitFor();
  await signOut(page);

  await signIn(page, email);
  await page.goto('/account/activity');
  await page.getByRole('button', { name: /^Forget Chrome on Linux/ }).click();
  await page.getByText('asked for a code again').waitFor();
  await signOut(page);

  await toSecondStep(page, email);
});

test('a change that needs a fresh sign-in asks for one, and loses nothing', async (t) => {
  const { page, email } = await signedIn(t, { statuses: [401, 403, 422] });
  const password = 'harbour violin thicket';
  await switchOn(page);
  const change = page.getByRole('button', { name: 'Change the password' });
  await page.getByLabel('Current password').fill('not this one');
  await page.getByLabel('New password').fill(password);

  await change.click();
  await page.getByRole('dialog', { name: 'Is it you?' }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await page.getByLabel('New password').inputValue(), password);

  await change.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password', { exact: true }).fill('wrong');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByText('the password is wrong').waitFor();
  await proveAgain(page, email);
  await page.getByText('This is not your current password.').waitFor();
  assert.equal(await page.getByLabel('New password').inputValue(), password);
  await page.getByLabel('Current password').fill(PASSWORD);
  await change.click();
  await page.getByText('The password is changed.').waitFor();

  await page.goto('/account/activity');
  await page.getByText('The password was changed').waitFor();
});

test('a phone number is confirmed by a text and removed', async (t) => {
  const { page } = await signedIn(t, { statuses: [422] });
  await open(page, SECURITY);
  await page.getByLabel('Phone number').fill('0151 1234567');
  await page.getByRole('button', { name: 'Text me a code' }).click();
  await page.getByText('with a plus sign and the country').waitFor();
  await page.getByLabel('Phone number').fill('+49 151 12345678');
  await page.getByRole('button', { name: 'Text me a code' }).click();
  await page.getByText('A code is on its way to +49 151 12345678.').waitFor();
  const texts = await (await fetch(new URL('/dev/inbox.json', server.origin))).json();

  await page.locator('#text-code').fill(texts.find(({ to }) => to === '+4915112345678').code);
  await page.getByRole('button', { name: 'Confirm the number' }).click();
  await page.getByText('The number is confirmed.').waitFor();
  await page.locator('#factor-list').getByText('Text message: •••• 78').waitFor();

  await page.getByRole('button', { name: 'Remove the number' }).click();
  await page.getByText('The number is removed.').waitFor();
  assert.equal(await page.locator('#factor-list').getByText('•••• 78').count(), 0);
});

test('the first choice of several ways is chosen', async (t) => {
  const { page } = await signedIn(t);
  const email = `phone${++people}@example.com`;
  await server.addUser(email, PASSWORD, '--two-factor', 'off', '--phone', '+4915112345679', '--phone-confirmed');
  await signOut(page);
  await signIn(page, email);
  await page.goto(SECURITY);
  await ready(page);

  await page.getByLabel('First choice for the code').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Switch the second step on' }).click();
  await page.getByLabel('First choice for the code').waitFor();
  assert.deepEqual(await page.locator('#provider option').allInnerTexts(), ['E-mail: p•••@example.com', 'Text message: •••• 79']);
});

test('another browser is signed out from here', async (t) => {
  const { page, email } = await signedIn(t);
  const other = await browser.page(t, { baseURL: server.origin, statuses: [401] });
  await signIn(other, email);
  await page.goto('/account/activity');
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await page.getByText('Every other session has ended.').waitFor();

  await open(other, LOGIN);
  await other.getByRole('navigation').getByRole('link', { name: 'Sign in' }).waitFor();
  assert.ok(!(await other.getByRole('button', { name: 'Sign out' }).isVisible()));
  await other.goto('/account');

  await other.waitForURL(`**${LOGIN}?returnUrl=%2Faccount`);
  await page.reload();
  await page.getByText('This browser').waitFor();
});

test('names and language are saved', async (t) => {
  const { page } = await signedIn(t);
  await open(page, '/account');
  await page.getByLabel('First name').fill('Joe');
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();

  await page.reload();

  await page.getByLabel('Language').waitFor();
  assert.equal(await page.getByLabel('First name').inputValue(), 'Joe');
  assert.equal(await page.getByLabel('Language').inputValue(), 'de');
});

test('a form that waits for its answer says so and is sent once', async (t) => {
  const { page } = await signedIn(t);
  await open(page, '/account');
  let count = 0;
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route('**/api/v1/me', async (route) => {
    if (route.request().method() === 'PATCH') {
      count += 1;
      await held;
    }
    await route.continue();
  });
  const save = page.getByRole('button', { name: 'Save' });

  await save.click();
  await save.click();
  assert.equal(await save.getAttribute('aria-busy'), 'true');
  await page.locator('#toast', { hasText: 'One moment …' }).waitFor();
  go();

  await page.getByText('Saved.').waitFor();
  assert.equal(await save.getAttribute('aria-busy'), null);
  assert.equal(count, 1);
});

test('a page that stays open longer than its token asks for another one', async (t) => {
  const { page } = await signedIn(t);
  await page.clock.install();
  await open(page, '/account');
  const refreshed = page.waitForResponse('**/api/v1/tokens/refresh?session=cookie');
  await page.clock.fastForward('15:00');

  await page.getByRole('button', { name: 'Save' }).click();

  assert.equal((await refreshed).status(), 200);
  await page.getByText('Saved.').waitFor();
});

test('another address is asked for, and the account deleted, with a fresh sign-in', async (t) => {
  const { page, email } = await signedIn(t, { statuses: [401, 403] });
  await switchOn(page);
  await open(page, '/account');
  await page.getByText(`You sign in with ${email}`).waitFor();

  await page.getByLabel('New e-mail address').fill('moved@example.com');
  await page.getByRole('button', { name: 'Change the address' }).click();
  await proveAgain(page, email);
  await page.getByText('A mail is on its way to moved@example.com.').waitFor();
  await page.goto('/account/activity');
  await page.getByText('A new e-mail address was asked for').waitFor();
  assert.equal(await page.locator('#sessions li').count(), 1, 'the session before the fresh sign-in is ended');

  await open(page, '/account');
  await page.locator('#content').waitFor();
  await page.getByRole('button', { name: 'Delete the account …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Delete the account …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the account' }).click();
  await page.getByText('Your account has been deleted.').waitFor();
  await open(page, LOGIN);
  await fillIn(page, email);
  await page.getByText('the password is wrong').waitFor();
});

test('a remembered device is asked for a code before a change all the same', async (t) => {
  const { page, email } = await signedIn(t, { statuses: [403] });
  await switchOn(page);
  await signOut(page);
  await toSecondStep(page, email);
  await page.getByLabel('Remember this device').check();
  await enter(page, codeOf(await relay.mailTo(email, CODE_MAIL)));
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).waitFor();
  await signOut(page);
  await signIn(page, email);
  await open(page, SECURITY);

  await page.getByRole('button', { name: 'Make new codes' }).click();
  await page.getByRole('dialog').getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();

  await page.getByRole('dialog').locator('#code').waitFor();
});
