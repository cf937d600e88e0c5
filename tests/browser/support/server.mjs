// The real program in a fresh folder, with SQLite and a port of its own.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, afterEach } from 'node:test';

const PROGRAM = resolve(process.env.TWOSTEP_BIN ?? join(import.meta.dirname, '../../../target/debug/twostep'));
const STARTS_WITHIN = 30_000;
const STOPS_WITHIN = 15_000;

/**
 * Starts a server for this test file: call it at the top of the file. It is stopped after the last test, and its log
 * is printed when a test fails.
 *
 * `relay` takes its mails (without one they go to the dev inbox), `env` holds further `TWOSTEP__…` keys, `port` is
 * for what must know it beforehand.
 */
export async function startServer({ relay, env = {}, port } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'twostep-browser-'));
  const server = new Server(folder, relay, env);
  const cleanUp = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  after(cleanUp);
  afterEach((t) => {
    if (!t.passed) console.error(`--- the server's log, "${t.name}" failed ---\n${server.log}---`);
  });
  // What fails before the first test ends the file without its `after`.
  await server.start(port).catch(async (fault) => {
    await cleanUp();
    throw fault;
  });
  return server;
}

/** A port that nothing listens on. */
export async function freePort() {
  const listener = createServer();
  await new Promise((ready, failed) => listener.once('error', failed).listen(0, '127.0.0.1', ready));
  const { port } = listener.address();
  await new Promise((closed) => listener.close(closed));
  return port;
}

class Server {
  log = '';
  #folder;
  #env;
  #process;
  #ended;

  constructor(folder, relay, env) {
    this.#folder = folder;
    const mail = relay ? { TWOSTEP__MAIL__TRANSPORT: 'smtp', TWOSTEP__MAIL__SMTP_URL: relay.url } : {};
    // All tests come from one address: limits are for those that ask for them.
    this.#env = { PATH: process.env.PATH, TWOSTEP__LIMITS__ENABLED: 'false', ...mail, ...env };
  }

  /** Starts, or starts again on the same database after `stop`. */
  async start(port) {
    // Mails carry links, so the origin is chosen before the start; another program may take the port meanwhile.
    for (let attempt = 1; ; attempt++) {
      this.#listenAt(port ?? (await freePort()));
      const fault = await this.#listening();
      if (!fault) return;
      await this.stop();
      if (port || attempt === 3 || !/in use/i.test(this.log)) throw new Error(`${fault}\n${this.log}`);
    }
  }

  /** SIGTERM, and the exit code. */
  async stop() {
    const child = this.#process;
    if (!child) return undefined;
    this.#process = undefined;
    if (child.exitCode === null) child.kill('SIGTERM');
    const killed = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN);
    const code = await this.#ended.catch(() => undefined);
    clearTimeout(killed);
    return code;
  }

  /** Runs a command of the program against the same database; `input` goes to its stdin. Gives its stdout. */
  async cli(args, { input = '' } = {}) {
    const child = spawn(PROGRAM, args, { cwd: this.#folder, env: this.#env });
    const output = collect(child.stdout);
    const faults = collect(child.stderr);
    // A command that reads nothing may have ended already.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const code = await ended(child);
    if (code !== 0) throw new Error(`twostep ${args.join(' ')} ended with ${code}: ${faults()}${output()}`);
    return output();
  }

  /** Makes an account with a confirmed address; `flags` as of `twostep user add`. */
  async addUser(email, password, ...flags) {
    await this.cli(['user', 'add', email, '--password-stdin', '--confirmed', ...flags], { input: `${password}\n` });
  }

  #listenAt(port) {
    this.origin = `http://localhost:${port}`;
    this.#env.TWOSTEP__SERVER__BIND = `127.0.0.1:${port}`;
    this.#env.TWOSTEP__SERVER__PUBLIC_URL = this.origin;
    this.#process = spawn(PROGRAM, ['serve'], { cwd: this.#folder, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = ended(this.#process);
    this.#ended.catch(() => {});
  }

  /** Waits for the line that tells the port; otherwise gives the fault. */
  #listening() {
    return new Promise((settled) => {
      const late = setTimeout(() => settled(`twostep does not listen after ${STARTS_WITHIN} ms`), STARTS_WITHIN);
      const settle = (fault) => {
        clearTimeout(late);
        settled(fault);
      };
      for (const stream of [this.#process.stdout, this.#process.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          this.log += text;
          if (this.log.includes('listening on http')) settle();
        });
      }
      this.#ended.then(
        (code) => settle(`twostep ended with ${code} at its start`),
        (fault) => settle(`the server cannot be started; \`cargo build\`, or set TWOSTEP_BIN? ${fault.message}`),
      );
    });
  }
}

function collect(stream) {
  let text = '';
  stream.setEncoding('utf8').on('data', (more) => (text += more));
  return () => text;
}

function ended(child) {
  return new Promise((exited, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => exited(code ?? signal));
  });
}
