// A real SMTP relay on loopback: takes every mail and keeps it until a test asks for it.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

const ARRIVES_WITHIN = 10_000;

/** Starts a relay for this test file: call it at the top of the file. It is stopped after the last test. */
export async function startRelay() {
  const relay = new Relay();
  await relay.start();
  after(() => relay.stop());
  return relay;
}

class Relay {
  #mails = [];
  #waiting = new Set();
  #smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    // Milliseconds: the server keeps its connection for the next mail.
    closeTimeout: 100,
    onData: (stream, session, done) => {
      this.#take(stream, session.envelope.rcptTo).then(() => done(), done);
    },
  });

  async start() {
    await new Promise((ready, failed) => {
      this.#smtp.once('error', failed);
      this.#smtp.listen(0, '127.0.0.1', ready);
    });
    this.url = `smtp://127.0.0.1:${this.#smtp.server.address().port}`;
  }

  async stop() {
    await new Promise((closed) => this.#smtp.close(closed));
  }

  /**
   * The newest mail to this address with this subject; waits for one to arrive. It is taken, and older ones like it
   * are dropped, so that the next call waits for the next mail.
   */
  async mailTo(address, subject) {
    const deadline = Date.now() + ARRIVES_WITHIN;
    for (;;) {
      const mail = this.waitingFor(address, subject).at(-1);
      if (mail) {
        this.#mails = this.#mails.filter((other) => !isLike(other, address, subject));
        return mail;
      }
      const left = deadline - Date.now();
      assert.ok(left > 0, `no mail "${subject}" to ${address}; there are: ${this.#overview()}`);
      await this.#arrival(left);
    }
  }

  /** The mails that nobody took yet, oldest first. */
  waitingFor(address, subject) {
    return this.#mails.filter((mail) => isLike(mail, address, subject));
  }

  async #take(stream, recipients) {
    const { subject, text, html } = await simpleParser(stream);
    for (const { address } of recipients) this.#mails.push({ to: address, subject, text, html });
    for (const wake of this.#waiting) wake();
  }

  #arrival(within) {
    return new Promise((arrived) => {
      const wake = () => {
        clearTimeout(late);
        this.#waiting.delete(wake);
        arrived();
      };
      const late = setTimeout(wake, within);
      this.#waiting.add(wake);
    });
  }

  #overview() {
    return this.#mails.map((mail) => `"${mail.subject}" to ${mail.to}`).join(', ') || 'none';
  }
}

/** The code of a mail: the line that is six digits alone. */
export function codeOf(mail) {
  const codes = mail.text.match(/^\d{6}$/gm) ?? [];
  assert.equal(codes.length, 1, `the mail should have one code on a line of its own:\n${mail.text}`);
  return codes[0];
}

/** The link of a mail; `containing` tells which one. */
export function linkOf(mail, containing = 'token=') {
  const links = (mail.text.match(/https?:\/\/\S+/g) ?? []).filter((link) => link.includes(containing));
  assert.equal(links.length, 1, `the mail should have one link with "${containing}":\n${mail.text}`);
  return links[0];
}

function isLike(mail, address, subject) {
  return mail.to === address && (subject === undefined || mail.subject === subject);
}
