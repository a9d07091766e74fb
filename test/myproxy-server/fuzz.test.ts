import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../src/kit/index.ts';
import { encodeRequest, type Request } from '../../src/myproxy/index.ts';
import { credentialPem, put } from '../support/client-side.ts';
import { inProcessServer, testAuthority } from '../support/in-process-server.ts';

const RUNS = Number(process.env.LATCHKEY_FUZZ_RUNS ?? 300);

const authority = await testAuthority();
const jane = await authority.issue('Jane');

const COMMANDS: readonly Request['command'][] = [
  'GET',
  'PUT',
  'INFO',
  'DESTROY',
  'CHANGE',
  'STORE',
  'RETRIEVE',
  'TRUSTROOTS',
];

function request(command: Request['command'], username: string): Buffer {
  return encodeRequest({
    command,
    username,
    passPhrase: new Secret('correct horse'),
    lifetimeSeconds: 0,
    wantTrustRoots: true,
    voNames: [],
    vomses: [],
  });
}

/** Bytes with some of them changed, cut off, or repeated. */
function mangled(bytes: Buffer): fc.Arbitrary<Buffer> {
  const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 });
  return fc.tuple(edits, fc.nat(bytes.length), fc.boolean()).map(([changes, length, isTwice]) => {
    const copy = Buffer.from(bytes);
    for (const [index, value] of changes) copy[index] = value;
    const cut = copy.subarray(0, length);
    return isTwice ? Buffer.concat([cut, copy]) : cut;
  });
}

/** Whatever a client sends, the conversation ends, with an answer or a close, and every audit line is whole. */
async function converse(chunks: readonly Buffer[], isKnown: boolean): Promise<void> {
  const server = inProcessServer(authority, { access: { defaultKeyRetrievers: ['*'] } });
  await server.store.write({
    username: 'jane',
    owner: '/O=Test/CN=Jane',
    maxLifetimeSeconds: 0,
    renewers: '*',
    pem: new Secret(credentialPem(jane)),
  });
  const client = server.connect(isKnown ? jane : undefined);
  for (const chunk of chunks) client.send(chunk);
  client.end();
  await client.closed;
  for (const entry of server.audit) assert.ok(['done', 'refused', 'failed'].includes(entry.verdict));
  const internal = server.log.filter(({ line }) =>
    /TypeError|RangeError|not a function|undefined/.test(line),
  );
  assert.deepEqual(internal, []);
}

const follow = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  mangled(Buffer.from(credentialPem(jane))),
  mangled(
    Buffer.concat([Buffer.of(3), ...Array.from({ length: 3 }, () => jane.chain[0]?.der ?? Buffer.alloc(0))]),
  ),
  mangled(
    Buffer.concat([
      Buffer.of(4, 0, 0, 0, 0, 0, 0, 72),
      Buffer.alloc(72),
      Buffer.of(1),
      jane.chain[0]?.der ?? Buffer.alloc(0),
    ]),
  ),
);

test('garbage where a request should be', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 }),
      fc.boolean(),
      async (chunks, isKnown) => {
        await converse(
          chunks.map((chunk) => Buffer.from(chunk)),
          isKnown,
        );
      },
    ),
    { numRuns: RUNS },
  );
});

test('mangled requests of every command', async () => {
  const cases = fc.constantFrom(...COMMANDS).chain((command) => mangled(request(command, 'jane')));
  await fc.assert(
    fc.asyncProperty(cases, follow, fc.boolean(), async (bytes, more, isKnown) => {
      await converse([Buffer.from('0'), bytes, more], isKnown);
    }),
    { numRuns: RUNS },
  );
});

test('good requests, and anything after them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...COMMANDS),
      fc.array(follow, { maxLength: 3 }),
      fc.boolean(),
      async (command, more, isKnown) => {
        await converse([Buffer.from('0'), request(command, 'jane'), ...more], isKnown);
      },
    ),
    { numRuns: RUNS },
  );
});

test('after all that, an honest client is served', async () => {
  const server = inProcessServer(authority);
  assert.deepEqual(await put(server, jane), { status: 'ok' });
});
