// A host for a built single-page client: files as they are, and its index for every other path.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after } from 'node:test';

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' };

/** Serves a folder for this test file; `edit` may change its index.html. */
export async function serveSite(folder, { port, edit = (index) => index }) {
  const index = edit(await readFile(join(folder, 'index.html'), 'utf8'));
  const site = createServer(async (request, response) => {
    // URL resolves `..`, so that a path stays in the folder.
    const { pathname } = new URL(request.url, 'http://localhost');
    const type = TYPES[extname(pathname)];
    const body = type && (await readFile(join(folder, pathname)).catch(() => undefined));
    response.setHeader('content-type', `${body ? type : TYPES['.html']}; charset=utf-8`);
    response.end(body ?? index);
  });
  await new Promise((ready, failed) => site.once('error', failed).listen(port, '127.0.0.1', ready));
  after(() => {
    site.closeAllConnections();
    site.close();
  });
}
