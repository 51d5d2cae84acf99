// What the scripts have in common: a test sends one JSON object a line, {id, op, args}, and gets {id, result} or {id, error: {code, message}};
// what streams tell goes out as {stream, data}.
import { webcrypto } from 'node:crypto';
import diagnostics from 'node:diagnostics_channel';
import { createInterface } from 'node:readline';

globalThis.crypto ??= webcrypto; // Node 18, which Debian 12 has, does not give it by itself; the libraries sign with it

// The libraries tell the console what they do; stdout is for the test.
for (const level of ['log', 'info', 'debug', 'warn', 'trace']) console[level] = console.error;

// Refusal is an error that the venue told.
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = String(code);
  }
}

const out = (o) => process.stdout.write(JSON.stringify(o, (_, v) => (typeof v === 'bigint' ? String(v) : v)) + '\n');

export const tell = (stream, data) => out({ stream, data });

// answers are the heads of all answers over HTTP, as far as they are about limits: the libraries keep most of that to themselves.
const answers = [];
diagnostics.subscribe('http.client.response.finish', ({ response }) => {
  const header = Object.entries(response.headers).filter(([name]) => /limit|retry|weight/.test(name));
  answers.push({ at: Date.now(), status: response.statusCode, header: Object.fromEntries(header) });
});

// serve answers until stdin ends.
export function serve(ops) {
  ops.answers = () => answers;
  createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const { id, op, args } = JSON.parse(line);
      try {
        out({ id, result: (await ops[op](args)) ?? null });
      } catch (e) {
        if (!(e instanceof Refusal)) console.error(op, e);
        out({ id, error: { code: e instanceof Refusal ? e.code : '', message: String(e?.message ?? e) } });
      }
    })
    .on('close', () => process.exit(0));
}

// Ladder is a book that is rebuilt: sizes by price, as texts.
export class Ladder {
  bids = new Map();
  asks = new Map();

  change(bids, asks) {
    for (const [side, levels] of [[this.bids, bids], [this.asks, asks]]) {
      for (const [price, size] of levels) Number(size) === 0 ? side.delete(price) : side.set(price, size);
    }
    return this;
  }

  toJSON() {
    return { bids: [...this.bids], asks: [...this.asks] };
  }
}

// settings are the endpoints and keys that the test gave.
export const settings = JSON.parse(process.argv[2]);

// flood asks n questions at once; what is refused with code is thrown, before what fails otherwise on a busy machine.
export async function flood(n, code, ask) {
  const all = await Promise.allSettled(Array.from({ length: n }, ask));
  const failed = all.filter((r) => r.status === 'rejected').map((r) => r.reason);
  if (!failed.length) throw new Error('the venue never had enough');
  throw failed.find((e) => e instanceof Refusal && e.code === code) ?? failed[0];
}
