// What tests of the built-in pages do again and again.

import assert from 'node:assert/strict';

export const PASSWORD = 'brook lantern walnut';
export const LOGIN = '/authentication/login';
export const STEP = '/authentication/twostepverification';

/** Opens a page and waits until its scripts have taken it over. */
export async function open(page, path) {
  await page.goto(path);
  await ready(page);
}

/** A form whose script runs checks its fields itself; dialogs have theirs when they open. */
export async function ready(page) {
  await page.waitForFunction(() => {
    const forms = [...document.forms].filter((form) => !form.closest('dialog'));
    return forms.length > 0 && forms.every((form) => form.noValidate);
  });
}

/** Fills in the sign-in form that is open, and sends it. */
export async function fillIn(page, email, password = PASSWORD) {
  await ready(page);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
}

/** Signs in up to the page that asks for a code. */
export async function toSecondStep(page, email) {
  await open(page, LOGIN);
  await fillIn(page, email);
  await page.waitForURL(`**${STEP}*`);
  await page.locator('#code').waitFor();
}

/** Signs in with the password alone. */
export async function signIn(page, email) {
  await open(page, LOGIN);
  await fillIn(page, email);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Types a code and sends it. */
export async function enter(page, code) {
  await page.locator('#code').fill(code);
  await page.getByRole('button', { name: 'Verify' }).click();
}

/** Six digits that are not these. */
export function otherThan(code) {
  return code.replace(/^./, (digit) => String((Number(digit) + 1) % 10));
}

/** Nothing that a script can read holds a token. */
export async function assertNoTokenKept(page) {
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state]),
  );
  assert.doesNotMatch(kept, /eyJ|[\w-]{40}/, 'a token is kept where scripts find it');
}

/** What has the focus. */
export function focused(page) {
  return page.evaluate(() => document.activeElement.id);
}
