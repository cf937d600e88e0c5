// The example client in Angular, built as for production, against the real server of another origin.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { assertAccessible } from './support/axe.mjs';
import { assertNoSidewaysScroll, NARROW, shot, startChromium, WIDE } from './support/chromium.mjs';
import { codeOf, linkOf, startRelay } from './support/relay.mjs';
import { freePort, startServer } from './support/server.mjs';
import { serveSite } from './support/site.mjs';

const CLIENT = join(import.meta.dirname, '../../examples/angular');
const PASSWORD = 'brook lantern walnut';
const OTHER_PASSWORD = 'kettle meadow violin';

await promisify(execFile)('npm', ['run', 'build'], { cwd: CLIENT }).catch((fault) => {
  throw new Error(`the client cannot be built; \`npm ci\` in examples/angular?\n${fault.stdout}${fault.stderr}`);
});

const port = await freePort();
const origin = `http://localhost:${port}`;
const relay = await startRelay();
const server = await startServer({
  relay,
  env: {
    TWOSTEP__SERVER__ALLOWED_ORIGINS: JSON.stringify([origin]),
    // Then only the challengeId tells who verifies.
    TWOSTEP__ACCOUNTS__SAME_ADDRESS: 'off',
  },
});
await serveSite(join(CLIENT, 'dist'), { port, edit: pointAtServer });
const browser = await startChromium();

function pointAtServer(index) {
  const usual = 'http://localhost:5001';
  assert.ok(index.includes(usual), 'the built index.html should name the API');
  return index.replace(usual, server.origin);
}

async function open(t, path, options = {}) {
  const page = await browser.page(t, { baseURL: origin, ...options });
  await page.goto(path);
  return page;
}

async function heading(page, text) {
  await page.getByRole('heading', { level: 1, name: text, exact: true }).waitFor();
}

async function fill(page, values) {
  for (const [label, value] of Object.entries(values)) await page.getByLabel(label, { exact: true }).fill(value);
}

async function press(page, button) {
  await page.getByRole('main').getByRole('button', { name: button, exact: true }).click();
}

async function logIn(page, email, password) {
  await heading(page, 'Log in');
  await fill(page, { 'E-mail': email, Password: password });
  await press(page, 'Log in');
}

async function refusal(page, text) {
  await page.getByRole('alert').getByText(text, { exact: true }).waitFor();
}

/** The page as it is now: light and dark, on a phone and on a desk. */
async function inspect(page, name) {
  for (const viewport of [NARROW, WIDE]) {
    await page.setViewportSize(viewport);
    await assertNoSidewaysScroll(page);
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page);
      await shot(page, `angular ${name} ${viewport.width} ${colorScheme}`);
    }
  }
}

const PUBLIC_PAGES = {
  '/home': 'Two-step verification',
  '/authentication/register': 'Register',
  '/authentication/login': 'Log in',
  '/authentication/twostepverification?returnUrl=%2F&provider=Email&email=jane@example.com': 'Two-step verification',
  '/authentication/forgotpassword': 'Forgot password',
  '/authentication/resetpassword?token=t&email=jane@example.com': 'Reset password',
  '/forbidden': 'Forbidden',
  '/404': 'Not found',
};

for (const [path, title] of Object.entries(PUBLIC_PAGES)) {
  test(`${path.split('?')[0]} is accessible and fits any window`, async (t) => {
    const page = await open(t, path);

    await heading(page, title);

    await inspect(page, path.split('?')[0]);
  });
}

test('the front leads home, and unknown paths to 404', async (t) => {
  const page = await open(t, '/');
  await page.waitForURL('/home');

  await page.goto('/nowhere/at/all');

  await page.waitForURL('/404');
});

test('a new page has its title, and the focus', async (t) => {
  const page = await open(t, '/home');
  await heading(page, 'Two-step verification');
  assert.equal(await page.title(), 'Home');

  await page.getByRole('link', { name: 'Log in' }).click();

  await heading(page, 'Log in');
  await page.locator('main:focus').waitFor();
  assert.equal(await page.title(), 'Log in');
});

test('a new user registers, confirms, verifies in two steps and is kept from privacy', async (t) => {
  const email = 'new+tag@example.com';
  const page = await open(t, '/authentication/register', { statuses: [400] });

  await fill(page, {
    'First name (optional)': 'New',
    'Last name (optional)': 'Person',
    'E-mail': email,
    Password: PASSWORD,
    'Password, once more': PASSWORD,
  });
  await press(page, 'Register');
  await page.getByRole('status').getByText(email).waitFor();
  await inspect(page, 'registered');

  const link = linkOf(await relay.mailTo(email, 'Email Confirmation token'));
  assert.ok(link.startsWith(`${origin}/authentication/emailconfirmation?token=`), link);
  await page.goto(link);
  await page.getByText('Your address is confirmed.').waitFor();
  await inspect(page, 'confirmed');

  await server.cli(['user', 'set', email, '--two-factor', 'on']);
  await page.getByRole('main').getByRole('link', { name: 'Log in' }).click();
  await logIn(page, email, PASSWORD);
  await heading(page, 'Two-step verification');
  const query = new URL(page.url()).searchParams;
  assert.deepEqual(Object.fromEntries(query), { returnUrl: '/', provider: 'Email', email });

  const code = codeOf(await relay.mailTo(email, 'Authentication token'));
  await fill(page, { Code: code === '000000' ? '000001' : '000000' });
  await press(page, 'Verify');
  await refusal(page, 'Invalid Token Verification');
  await inspect(page, 'wrong code');
  // The challenge outlives a reload.
  await page.reload();
  await fill(page, { Code: code });
  await press(page, 'Verify');
  await page.waitForURL('/home');

  await page.getByRole('navigation').getByRole('link', { name: 'Companies' }).click();
  await page.getByRole('cell', { name: 'Admin_Solutions Ltd' }).waitFor();
  await page.getByRole('cell', { name: 'IT_Solutions Ltd' }).waitFor();
  await inspect(page, 'companies');

  await page.getByRole('navigation').getByRole('link', { name: 'Privacy' }).click();
  await heading(page, 'Forbidden');
  assert.equal(new URL(page.url()).searchParams.get('returnUrl'), '/privacy');

  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('/home');
  await page.getByRole('link', { name: 'Register' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test('a confirmation link that is no good says so', async (t) => {
  const page = await open(t, '/authentication/emailconfirmation?token=t&email=jane@example.com', { statuses: [400] });

  await refusal(page, 'Invalid Email Confirmation Request');

  await inspect(page, 'not confirmed');
});

test('a form tells what is wrong before anything is sent', async (t) => {
  const page = await open(t, '/authentication/register');
  let sent = 0;
  page.on('request', (request) => (sent += request.url().startsWith(server.origin) ? 1 : 0));

  await fill(page, { 'E-mail': 'jane', Password: PASSWORD, 'Password, once more': OTHER_PASSWORD });
  await press(page, 'Register');

  const address = page.getByLabel('E-mail', { exact: true });
  assert.equal(await address.getAttribute('aria-invalid'), 'true');
  assert.ok(await address.evaluate((field) => field === document.activeElement), 'the first wrong field has the focus');
  await page.getByText('Please enter an e-mail address, such as jane@example.com.').waitFor();
  await page.getByText('The two passwords are not the same.').waitFor();
  assert.equal(sent, 0);
  await inspect(page, 'register wrong');
});

test('passwords that became the same are no fault any more', async (t) => {
  const page = await open(t, '/authentication/resetpassword?token=t&email=jane@example.com', { statuses: [400] });
  await fill(page, { 'New password': OTHER_PASSWORD, 'New password, once more': PASSWORD });
  await press(page, 'Set the password');
  await page.getByText('The two passwords are not the same.').waitFor();

  await fill(page, { 'New password': PASSWORD });
  await press(page, 'Set the password');

  await page.getByRole('alert').getByText(/./).waitFor();
  assert.equal(await page.getByText('The two passwords are not the same.').count(), 0);
});

test("the server's reasons against a registration are shown", async (t) => {
  const page = await open(t, '/authentication/register', { statuses: [400] });

  await fill(page, { 'E-mail': 'weak@example.com', Password: 'short', 'Password, once more': 'short' });
  await press(page, 'Register');

  await refusal(page, 'Passwords must be at least 8 characters.');
});

test('a wrong password is refused in words', async (t) => {
  await server.addUser('wrong@example.com', PASSWORD);
  const page = await open(t, '/authentication/login', { statuses: [401] });

  await logIn(page, 'wrong@example.com', OTHER_PASSWORD);

  await refusal(page, 'Invalid Authentication');
  assert.equal(new URL(page.url()).pathname, '/authentication/login');
  await inspect(page, 'login refused');
});

test('a page that needs a login is opened after it', async (t) => {
  await server.addUser('back@example.com', PASSWORD, '--two-factor', 'on');
  const page = await open(t, '/company/companies');

  await logIn(page, 'back@example.com', PASSWORD);
  await fill(page, { Code: codeOf(await relay.mailTo('back@example.com', 'Authentication token')) });
  await press(page, 'Verify');

  await page.getByRole('cell', { name: 'Admin_Solutions Ltd' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/company/companies');
});

test('a forgotten password is replaced by the mailed link', async (t) => {
  const email = 'forgetful@example.com';
  await server.addUser(email, PASSWORD);
  const page = await open(t, '/authentication/login', { statuses: [400, 401] });

  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await heading(page, 'Forgot password');
  await fill(page, { 'E-mail': email });
  await press(page, 'Send the link');
  await page.getByRole('status').getByText(email).waitFor();
  await inspect(page, 'forgot sent');

  const link = linkOf(await relay.mailTo(email, 'Reset password token'));
  assert.ok(link.startsWith(`${origin}/authentication/resetpassword?token=`), link);
  await page.goto(link);
  await fill(page, { 'New password': 'short', 'New password, once more': 'short' });
  await press(page, 'Set the password');
  await refusal(page, 'Passwords must be at least 8 characters.');
  await fill(page, { 'New password': OTHER_PASSWORD, 'New password, once more': OTHER_PASSWORD });
  await press(page, 'Set the password');
  await page.getByText('Your new password is set.').waitFor();
  await inspect(page, 'reset done');

  await page.getByRole('main').getByRole('link', { name: 'Log in' }).click();
  await logIn(page, email, PASSWORD);
  await refusal(page, 'Invalid Authentication');
  await logIn(page, email, OTHER_PASSWORD);
  await page.waitForURL('/home');
});

test('an administrator reads the claims of the token', async (t) => {
  await server.addUser('chief@example.com', PASSWORD, '--role', 'Administrator');
  const page = await open(t, '/privacy');

  await logIn(page, 'chief@example.com', PASSWORD);

  await page.getByRole('term').getByText('role', { exact: false }).first().waitFor();
  await page.getByRole('definition').getByText('Administrator').first().waitFor();
  await inspect(page, 'privacy');
});

for (const [status, title] of Object.entries({ 403: 'Forbidden', 404: 'Not found' })) {
  test(`an answer with ${status} leads to its page`, async (t) => {
    const email = `chief${status}@example.com`;
    await server.addUser(email, PASSWORD, '--role', 'Administrator');
    const page = await open(t, '/privacy', { statuses: [Number(status)] });
    const headers = { 'access-control-allow-origin': origin };
    await page.route('**/api/companies/privacy', (route) => route.fulfill({ status: Number(status), headers }));

    await logIn(page, email, PASSWORD);

    await heading(page, title);
  });
}

test('nobody is sent to another site after the login', async (t) => {
  await server.addUser('astray@example.com', PASSWORD);
  for (const target of ['https://example.com/', '//example.com/', 'javascript:alert(1)']) {
    const page = await open(t, `/authentication/login?returnUrl=${encodeURIComponent(target)}`);

    await logIn(page, 'astray@example.com', PASSWORD);

    await page.waitForURL('/404');
  }
});

test('a form that is sent twice asks once', async (t) => {
  await server.addUser('twice@example.com', PASSWORD, '--two-factor', 'on');
  const page = await open(t, '/authentication/login');
  let asked = 0;
  page.on('request', (request) => (asked += request.method() === 'POST' ? 1 : 0));
  await fill(page, { 'E-mail': 'twice@example.com', Password: PASSWORD });

  await page.getByRole('main').getByRole('button', { name: 'Log in' }).dblclick();

  await heading(page, 'Two-step verification');
  assert.equal(asked, 1);
});

test('a token that expired meanwhile is not used', async (t) => {
  const page = await open(t, '/home');
  const expired = `e30.${Buffer.from('{"exp":1,"email":"jane@example.com"}').toString('base64url')}.AAAA`;
  await page.evaluate((token) => sessionStorage.setItem('token', token), expired);

  await page.goto('/company/companies');

  await heading(page, 'Log in');
});

test('a forged role opens the page but none of the data', async (t) => {
  const page = await open(t, '/home', { statuses: [401] });
  const claims = {
    exp: Math.floor(Date.now() / 1000) + 600,
    email: 'mallory@example.com',
    'http://schemas.microsoft.com/ws/2008/06/identity/claims/role': 'Administrator',
  };
  const forged = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.AAAA`;
  await page.evaluate((token) => sessionStorage.setItem('token', token), forged);

  await page.goto('/privacy');

  await heading(page, 'Log in');
  assert.equal(new URL(page.url()).searchParams.get('returnUrl'), '/privacy');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test('a session ends with its token', async (t) => {
  await server.addUser('clock@example.com', PASSWORD);
  const page = await browser.page(t, { baseURL: origin });
  await page.clock.install();
  await page.goto('/authentication/login');
  await logIn(page, 'clock@example.com', PASSWORD);
  await page.getByRole('button', { name: 'Log out' }).waitFor();

  await page.clock.fastForward('11:00');

  await page.getByRole('link', { name: 'Register' }).waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Companies' }).click();
  await heading(page, 'Log in');
});

test('a server that cannot be reached is told', async (t) => {
  const page = await open(t, '/authentication/login', { statuses: ['net::ERR_FAILED'] });
  await page.route(`${server.origin}/**`, (route) => route.abort());

  await logIn(page, 'jane@example.com', PASSWORD);

  await refusal(page, 'The server cannot be reached. Is it running, and are you online?');
});
