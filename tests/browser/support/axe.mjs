// Accessibility: axe-core's rules for WCAG 2.2 A and AA, and its good practices.

import assert from 'node:assert/strict';

import axe from 'axe-core';

/** Fails with a readable list if axe-core finds anything on the page as it is now. */
export async function assertAccessible(page) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const results = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return results.violations;
  });
  assert.equal(violations.length, 0, `${page.url()} has faults:\n${violations.map(describe).join('\n')}`);
}

function describe({ id, impact, help, nodes }) {
  const places = nodes.map(({ target, failureSummary }) => `    ${target.join(' ')}: ${failureSummary.replace(/\s+/g, ' ')}`);
  return `  ${id} (${impact}): ${help}\n${places.join('\n')}`;
}
