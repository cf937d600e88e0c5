// The way in and out by the built-in pages.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startChromium } from './support/chromium.mjs';
import {
  assertNoTokenKept,
  enter,
  fillIn,
  focused,
  LOGIN,
  open,
  otherThan,
  PASSWORD,
  ready,
  signIn,
  STEP,
  toSecondStep,
} from './support/pages.mjs';
import { codeOf, linkOf, startRelay } from './support/relay.mjs';
import { startServer } from './support/server.mjs';

const CODE_MAIL = 'Authentication token';
const OFFLINE = 'net::ERR_INTERNET_DISCONNECTED';

const relay = await startRelay();
const server = await startServer({
  relay,
  env: {
    TWOSTEP__TWO_STEP__RESEND_AFTER: '3s',
    TWOSTEP__ACCOUNTS__TWO_FACTOR_FOR_NEW_USERS: 'true',
    TWOSTEP__PROVIDERS__SMS__ENABLED: 'true',
    TWOSTEP__PROVIDERS__SMS__GATEWAY: 'inbox',
  },
});
const browser = await startChromium();
let people = 0;

/** A page, and somebody who uses it. */
async function somebody(t, { statuses = [], twoFactor = 'on', flags = [], ...options } = {}) {
  const email = `jane${++people}@example.com`;
  await server.addUser(email, PASSWORD, '--two-factor', twoFactor, ...flags);
  const page = await browser.page(t, { baseURL: server.origin, statuses, ...options });
  return { page, email };
}

test('somebody registers, confirms, signs in with a code, looks around and signs out', async (t) => {
  const email = 'new@example.com';
  const page = await browser.page(t, { baseURL: server.origin, statuses: [401] });

  await open(page, '/authentication/register');
  await page.getByLabel('First name').fill('Jane');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('main').getByRole('button', { name: 'Create an account' }).click();
  await page.getByText(`A mail is on its way to ${email}.`).waitFor();

  await open(page, linkOf(await relay.mailTo(email)));
  await page.getByText(`Is ${email} yours?`).waitFor();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('is confirmed').waitFor();

  await page.goto('/company/companies');
  await page.waitForURL(`**${LOGIN}?returnUrl=*`);
  await fillIn(page, email);
  await page.getByText(/mailed to n•••@example.com/).waitFor();
  await page.getByText(/^Sent at/).waitFor();
  const code = codeOf(await relay.mailTo(email, CODE_MAIL));
  await enter(page, otherThan(code));
  await page.getByText('You have 4 more tries.').waitFor();
  await enter(page, ` ${code.slice(0, 3)} ${code.slice(3)} `);
  await page.waitForURL('**/company/companies');
  await page.getByRole('cell', { name: 'Admin_Solutions Ltd' }).waitFor();
  await assertNoTokenKept(page);

  await page.reload();
  await page.getByRole('cell', { name: 'IT_Solutions Ltd' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
  await page.goto('/account');
  await page.waitForURL(`**${LOGIN}?returnUrl=%2Faccount`);
});

test('what is wrong is told at its field, and the first one gets the focus', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin, statuses: [422] });
  await open(page, '/authentication/register');
  const send = page.getByRole('main').getByRole('button', { name: 'Create an account' });
  const told = (label) =>
    page.getByLabel(label, { exact: true }).evaluate((input) => {
      const ids = (input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean);
      return ids.map((id) => document.getElementById(id).textContent).join(' ');
    });

  await page.getByLabel('E-mail').fill('nonsense');
  await send.click();
  assert.equal(await focused(page), 'email');
  assert.match(await told('E-mail'), /no complete e-mail address/);
  assert.match(await told('Password'), /Fill this in\..*few words/);

  await page.getByLabel('E-mail').fill('joe@example.com');
  assert.doesNotMatch(await told('E-mail'), /no complete/);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await send.click();
  await page.getByText('8 characters at least').waitFor();
  assert.equal(await focused(page), 'password');
  await page.getByRole('button', { name: 'Show the password' }).click();
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), 'short');
  assert.equal(await page.getByLabel('Password', { exact: true }).getAttribute('type'), 'text');
});

test('an address that is not confirmed yet gets its mail again', async (t) => {
  const email = 'later@example.com';
  const page = await browser.page(t, { baseURL: server.origin, statuses: [403] });
  await fetch(new URL('/api/v1/registrations', server.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  await relay.mailTo(email);

  await open(page, LOGIN);
  await fillIn(page, email);
  await page.getByRole('button', { name: 'Send the confirmation mail again' }).click();

  await page.getByText(`A mail is on its way to ${email}.`).waitFor();
  assert.match(linkOf(await relay.mailTo(email)), /emailconfirmation/);
});

test('opening the link of a mail confirms nothing: a person presses the button', async (t) => {
  const email = 'scanned@example.com';
  const page = await browser.page(t, { baseURL: server.origin, statuses: [403] });
  await fetch(new URL('/api/v1/registrations', server.origin), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  });

  await open(page, linkOf(await relay.mailTo(email)));
  assert.equal(new URL(page.url()).search, '', 'the token leaves the address bar');
  await open(page, LOGIN);
  await fillIn(page, email);
  await page.getByText('not confirmed yet').waitFor();

  await page.goBack();
  await ready(page);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('is confirmed').waitFor();
});

test('a code is sent again after a count-down', async (t) => {
  const { page, email } = await somebody(t);
  await toSecondStep(page, email);
  const code = codeOf(await relay.mailTo(email, CODE_MAIL));
  const again = page.getByRole('button', { name: 'Send the code again' });

  await page.getByText(/^possible in \d seconds?$/).waitFor();
  assert.ok(await again.isDisabled());
  await again.click();

  await page.getByText('on its way again').waitFor();
  assert.equal(codeOf(await relay.mailTo(email, CODE_MAIL)), code, 'it is the same code');
  await enter(page, code);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

test('the code can come another way, and the first one stays good', async (t) => {
  const { page, email } = await somebody(t, {
    flags: ['--phone', '+4915112345678', '--phone-confirmed'],
    statuses: [429],
  });
  await toSecondStep(page, email);
  const code = codeOf(await relay.mailTo(email, CODE_MAIL));

  await page.getByRole('button', { name: 'Text message: •••• 78' }).click();
  await page.getByText('texted to •••• 78').waitFor();
  await page.getByText(/^Sent at/).waitFor();
  await page.getByRole('button', { name: /^E-mail:/ }).click();
  await page.getByText('went there before').waitFor();

  await enter(page, code);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

test('a code that cannot be delivered is told, and what to do', async (t) => {
  const { page, email } = await somebody(t);
  await page.route(/\/api\/v1\/challenges\/[^/]+$/, async (route) => {
    const answer = await route.fetch();
    const challenge = await answer.json();
    await route.fulfill({ json: { ...challenge, delivery: { ...challenge.delivery, status: 'failed' } } });
  });

  await toSecondStep(page, email);

  await page.getByRole('status').filter({ hasText: 'could not be delivered. Choose another way' }).waitFor();
});

test('five wrong codes end the sign-in, and a new one begins from there', async (t) => {
  const { page, email } = await somebody(t, { statuses: [401] });
  await page.goto('/account');
  await fillIn(page, email);
  await page.locator('#code').waitFor();
  const wrong = otherThan(codeOf(await relay.mailTo(email, CODE_MAIL)));

  for (const left of ['4 more tries', '3 more tries', '2 more tries', 'one more try']) {
    await enter(page, wrong);
    await page.getByText(`You have ${left}`).waitFor();
  }
  await page.reload();
  await page.getByText('You have one more try').waitFor();
  await ready(page);
  await enter(page, wrong);
  await page.getByText('too many wrong codes').waitFor();
  assert.equal(await focused(page), 'ended');

  await page.getByRole('link', { name: 'Sign in again' }).click();
  await page.waitForURL(`**${LOGIN}?returnUrl=%2Faccount`);
  await ready(page);
  assert.equal(await page.getByLabel('E-mail').inputValue(), email, 'nobody types it twice');
});

test('reload and the back button keep their place', async (t) => {
  const { page, email } = await somebody(t);
  await toSecondStep(page, email);
  const code = codeOf(await relay.mailTo(email, CODE_MAIL));

  await page.reload();
  await page.getByText(/mailed to/).waitFor();
  await page.goBack();
  await page.waitForURL(`**${LOGIN}`);
  await ready(page);
  assert.equal(await page.getByLabel('E-mail').inputValue(), email);
  await page.goForward();
  await page.getByText(/mailed to/).waitFor();
  await enter(page, code);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();

  await page.goBack();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  assert.ok(!page.url().includes(STEP), 'a step that is done is not gone back to');
});

test('without a connection the typed code stays', async (t) => {
  const { page, email } = await somebody(t, { statuses: [OFFLINE] });
  await toSecondStep(page, email);
  const code = codeOf(await relay.mailTo(email, CODE_MAIL));

  await page.context().setOffline(true);
  await enter(page, code);
  await page.getByText('You are offline. What you typed is kept').waitFor();
  assert.equal(await page.locator('#code').inputValue(), code);
  await page.context().setOffline(false);
  await page.getByText('You are online again.').waitFor();

  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

test('a forgotten password is set anew by the mailed link', async (t) => {
  const { page, email } = await somebody(t, { statuses: [400, 401, 422] });
  const password = 'harbour violin thicket';
  await open(page, '/authentication/forgotpassword');
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Mail me a link' }).click();
  await page.getByText(`If ${email} belongs to an account`).waitFor();
  const link = linkOf(await relay.mailTo(email, 'Reset password token'));

  await open(page, link);
  await page.getByLabel('New password').fill('password');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Everybody tries this password first').waitFor();
  await page.reload();
  await ready(page);
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Your password has been set').waitFor();

  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await fillIn(page, email);
  await page.getByText('the password is wrong').waitFor();
  await fillIn(page, email, password);
  await page.waitForURL(`**${STEP}*`);

  await open(page, link);
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByRole('link', { name: 'Ask for a new link' }).waitFor();
});

test('a sign-in leads only to pages of this server', async (t) => {
  const { email } = await somebody(t, { twoFactor: 'off' });
  for (const [asked, reached] of [
    ['/company/companies', '/company/companies'],
    ['https://example.com/', '/'],
    ['//example.com/', '/'],
    ['/\\example.com/', '/'],
    ['javascript:alert(1)', '/'],
    [LOGIN, '/'],
    // A path of this server that looks like another one.
    ['/.//example.com/', '//example.com/'],
  ]) {
    const page = await browser.page(t, { baseURL: server.origin });
    await page.route('**//example.com/', (route) => route.fulfill({ body: 'somewhere' }));
    await open(page, `${LOGIN}?returnUrl=${encodeURIComponent(asked)}`);

    await fillIn(page, email);

    await page.waitForURL((url) => url.pathname !== LOGIN);
    assert.equal(page.url(), `${server.origin}${reached}`, asked);
  }
});

test('who signs out in one tab is signed out in the other', async (t) => {
  const { page, email } = await somebody(t, { twoFactor: 'off', statuses: [401] });
  await signIn(page, email);
  const other = await page.context().newPage();
  await other.goto('/company/companies');
  await other.getByRole('cell', { name: 'IT_Solutions Ltd' }).waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();

  await other.waitForURL(`**${LOGIN}?returnUrl=%2Fcompany%2Fcompanies`);
});

test('a page that the browser brings back looks again at who is signed in', async (t) => {
  const { page, email } = await somebody(t, { twoFactor: 'off' });
  await signIn(page, email);
  await page.goto('/company/companies');
  await page.getByRole('cell', { name: 'IT_Solutions Ltd' }).waitFor();

  const loaded = page.waitForEvent('load');
  // As the back/forward cache does after a sign-out on another page.
  await page.evaluate(() => {
    localStorage.clear();
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  });

  await loaded;
});

test('tabs that ask for a token at once, and pages left while they ask, stay signed in', async (t) => {
  const { page, email } = await somebody(t, { twoFactor: 'off' });
  await signIn(page, email);
  const tabs = [page, await page.context().newPage(), await page.context().newPage()];

  for (let round = 0; round < 3; round++) {
    await Promise.all(tabs.map((tab) => tab.goto('/company/companies', { waitUntil: 'commit' })));
  }

  for (const tab of tabs) await tab.getByRole('cell', { name: 'IT_Solutions Ltd' }).waitFor();
  await page.goto(LOGIN);
  await page.waitForURL(`${server.origin}/`);
});

test('a wrong clock of the device changes nothing', async (t) => {
  for (const hours of [-2, 2]) {
    const { page, email } = await somebody(t);
    await page.clock.install({ time: Date.now() + hours * 3_600_000 });

    await toSecondStep(page, email);

    const [, minutes] = (await page.locator('#until').innerText()).match(/:(\d\d)/);
    const good = [4, 5].map((more) => new Date(Date.now() + more * 60_000).getMinutes());
    assert.ok(good.includes(Number(minutes)), `${minutes} is none of ${good}`);
    await enter(page, codeOf(await relay.mailTo(email, CODE_MAIL)));
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  }
});

test('a code that the browser reads from a text is entered by itself', async (t) => {
  const { page, email } = await somebody(t, { flags: ['--phone', '+4915112345670', '--phone-confirmed'] });
  await page.addInitScript(() => {
    globalThis.OTPCredential ??= class {};
    globalThis.asked = [];
    navigator.credentials.get = ({ otp, signal }) =>
      new Promise((found) => globalThis.asked.push({ otp, signal, found }));
  });
  await toSecondStep(page, email);
  await page.getByRole('button', { name: 'Text message: •••• 70' }).click();
  await page.getByText('texted to •••• 70').waitFor();
  const texts = await (await fetch(new URL('/dev/inbox.json', server.origin))).json();
  const { code, text } = texts.find(({ to }) => to === '+4915112345670');
  assert.match(text, new RegExp(`@localhost #${code}$`), 'the last line is bound to this server');

  const transport = await page.evaluate((code) => {
    const [{ otp, found }] = globalThis.asked;
    found({ code });
    return otp.transport;
  }, code);

  assert.deepEqual(transport, ['sms']);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

test('only an administrator sees the claims', async (t) => {
  const { page, email } = await somebody(t, { twoFactor: 'off', statuses: [403] });
  await signIn(page, email);
  await page.goto('/privacy');
  await page.waitForURL('**/forbidden');

  await server.cli(['user', 'set', email, '--role', 'Administrator']);
  await page.goto('/privacy');

  await page.getByRole('cell', { name: 'Administrator' }).first().waitFor();
});

test('a German browser is spoken to in German', async (t) => {
  const { page, email } = await somebody(t, { locale: 'de-AT', statuses: [401] });

  await open(page, LOGIN);
  assert.equal(await page.title(), 'Anmelden · twostep');
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await page.getByLabel('E-Mail').fill(email);
  await page.getByLabel('Passwort', { exact: true }).fill('falsches Passwort');
  await page.getByRole('main').getByRole('button', { name: 'Anmelden' }).click();
  await page.getByText('oder das Passwort ist falsch').waitFor();
  await page.getByLabel('Passwort', { exact: true }).fill(PASSWORD);
  await page.getByRole('main').getByRole('button', { name: 'Anmelden' }).click();
  await page.getByText(/per E-Mail an j•••@example.com geht/).waitFor();
  await page.locator('#code').fill('000000');
  await page.getByRole('button', { name: 'Bestätigen' }).click();
  await page.getByText('Sie haben noch 4 Versuche.').waitFor();
});
