import assert from 'node:assert/strict';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import {
  encodeAuthorizationReply,
  encodeChain,
  encodeRequest,
  encodeResponse,
  MessageReader,
  parseAuthorizationReply,
  parseChain,
  parseGsiConf,
  parseRequest,
  parseResponse,
  parseServerConfig,
} from '../../src/myproxy/index.ts';

/** One decoder under test, with messages to start from. */
export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  readonly decode: (message: Buffer) => unknown;
  /** Bytes that only an operator writes; the long run gives them fewer cases. */
  readonly isOwn?: boolean;
}

const der = (size: number) =>
  Buffer.concat([Buffer.of(0x30, 0x82, size >> 8, size & 0xff), Buffer.alloc(size, 7)]);
const chain = [der(300), der(400), der(256)];
const time = new Date(1795342022000);
const request = encodeRequest({
  command: 'STORE',
  username: 'jane',
  passPhrase: new Secret('secret phrase'),
  newPassPhrase: new Secret('new one'),
  lifetimeSeconds: 43200,
  retrievers: '*',
  renewers: '*/CN=r',
  credentialName: 'name',
  credentialDescription: 'words',
  keyRetrievers: 'k',
  trustedRetrievers: 't',
  wantTrustRoots: true,
  voNames: ['a', 'b'],
  vomses: ['"a" "h" "1" "/CN=h" "a"'],
});
const responses = [
  encodeResponse({ status: 'ok' }),
  encodeResponse({ status: 'error', lines: ['one', 'two'] }),
  encodeResponse({ status: 'authorization', challenges: [{ method: 'X509_certificate', data: '00ff' }] }),
  encodeResponse({
    status: 'ok',
    credentials: [
      { startTime: time, endTime: time, owner: '/CN=x', lockMessage: 'stolen' },
      { name: 'n', startTime: time, endTime: time, owner: '/CN=x', renewers: '*' },
    ],
    trustRoots: new Map([
      ['a.0', Buffer.from('one')],
      ['a.signing_policy', Buffer.from('two')],
    ]),
  }),
];
const replies = [
  encodeAuthorizationReply({ method: 'password', passPhrase: new Secret('phrase') }),
  encodeAuthorizationReply({ method: 'X509_certificate', signature: Buffer.alloc(256, 1), chain }),
  encodeAuthorizationReply({ method: 'SASL', data: Buffer.from('UExBSU4=') }),
];
const config = Buffer.from(
  'accepted_credentials "*" # c\nmax_proxy_lifetime 12\npam required\ntrusted_retrievers "a\\"b"\n',
);
const gsi = Buffer.from('MIN_TLS_PROTOCOL=TLS1_2_VERSION # c\nNAME_COMPATIBILITY=HYBRID\n');

/** Every decoder of bytes that a stranger sends, and the readers of configuration. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'request',
    seeds: [request],
    decode: (bytes) => settled(bytes, (m) => encodeRequest(parseRequest(m))),
  },
  {
    name: 'response',
    seeds: responses,
    decode: (bytes) => settled(bytes, (m) => encodeResponse(parseResponse(m))),
  },
  { name: 'chain', seeds: [encodeChain(chain)], decode: parseChain },
  { name: 'authorization reply', seeds: replies, decode: parseAuthorizationReply },
  {
    name: 'server config',
    seeds: [config],
    decode: (bytes) => parseServerConfig(bytes.toString('latin1')),
    isOwn: true,
  },
  { name: 'gsi.conf', seeds: [gsi], decode: (bytes) => parseGsiConf(bytes.toString('latin1')), isOwn: true },
];

/** Whatever was understood is written so that it is understood the same way. */
function settled(message: Buffer, rewrite: (message: Buffer) => Buffer): void {
  const once = rewrite(message);
  assert.deepEqual(rewrite(once), once);
}

/** Streams for {@link fuzzReader}: what either side may send. */
const STREAMS: readonly Buffer[] = [
  Buffer.concat([Buffer.from('0'), request, der(300), encodeChain(chain)]),
  Buffer.concat([Buffer.from('0'), request, ...replies]),
  Buffer.concat([Buffer.from('\0'), ...responses]),
  Buffer.from('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\0'),
];

/** A small, seeded generator (mulberry32), so that a failing case can be repeated. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const DICTIONARY = [
  ...[
    'VERSION=',
    'COMMAND=',
    'USERNAME=',
    'PASSPHRASE=',
    'LIFETIME=',
    'RESPONSE=',
    'ERROR=',
    'CRED_',
    'ADDL_CREDS=',
  ],
  ...[
    'TRUSTED_CERTS=',
    'FILEDATA_',
    'AUTHORIZATION_DATA=',
    '=',
    '\n',
    '\0',
    ',',
    '_',
    '-1',
    '0x',
    '99999999999999999999',
  ],
  ...['\x30\x80', '\x30\x84\xff\xff\xff\xff', '\x30\x82', '\xff\xff\xff\xff', '\xc3', '"', '\\', '#', ' '],
].map((text) => Buffer.from(text, 'latin1'));

/** Changes a message in one to eight places, or makes one up. */
function mutate(seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  if (random(20) === 0) return Buffer.from(Array.from({ length: random(400) }, () => random(256)));
  let message = Buffer.from(seeds[random(seeds.length)] ?? Buffer.alloc(0));
  for (let changes = 1 + random(8); changes > 0; changes -= 1) {
    const at = random(message.length + 1);
    const word = DICTIONARY[random(DICTIONARY.length)] ?? Buffer.alloc(0);
    const kind = random(6);
    if (kind === 0 && at < message.length) message[at] = random(256);
    else if (kind === 1) message = Buffer.concat([message.subarray(0, at), word, message.subarray(at)]);
    else if (kind === 2)
      message = Buffer.concat([message.subarray(0, at), message.subarray(at + 1 + random(40))]);
    else if (kind === 3) message = message.subarray(0, at);
    else if (kind === 4) {
      const piece = message.subarray(at, at + random(200));
      message = Buffer.concat([message.subarray(0, at), piece, message.subarray(at)]);
    } else if (at < message.length) message[at] = (message[at] ?? 0) ^ (1 << random(8));
  }
  return message;
}

/** Decodes `cases` mutated messages: the only error may be a LatchkeyError. */
export function fuzzDecoder(
  target: FuzzTarget,
  cases: number,
  seed: number,
): { accepted: number; refused: number } {
  const random = seededRandom(seed);
  const outcome = { accepted: 0, refused: 0 };
  for (let index = 0; index < cases; index += 1) {
    const message = mutate(target.seeds, random);
    try {
      target.decode(message);
      outcome.accepted += 1;
    } catch (error) {
      const what = () =>
        `${target.name}, seed ${seed}, case ${index}: ${String(error)}: ${message.toString('hex')}`;
      assert.ok(isLatchkeyError(error), what());
      outcome.refused += 1;
    }
  }
  return outcome;
}

/** Reads `cases` mutated streams, cut anywhere, by random methods until they fail or end: the only error may be a LatchkeyError. */
export async function fuzzReader(cases: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const clock = { now: () => new Date(0), sleep: () => Promise.resolve() };
  for (let index = 0; index < cases; index += 1) {
    let rest = mutate(STREAMS, random);
    const message = rest;
    const read = () => {
      if (rest.length === 0) return Promise.resolve(undefined);
      const chunk = rest.subarray(0, 1 + random(random(4) === 0 ? 3 : 600));
      rest = rest.subarray(chunk.length);
      return Promise.resolve(chunk);
    };
    const reader = new MessageReader(
      { read },
      { clock, maxMessageBytes: 4096, skipLeadingNul: random(2) === 0 },
    );
    try {
      for (let messages = 0; !(await reader.atEnd()); messages += 1) {
        assert.ok(messages <= message.length, 'a reader that consumes nothing');
        const size = await readAny(reader, random(6), messages === 0);
        assert.ok(size <= 4096);
      }
    } catch (error) {
      const what = () => `reader, seed ${seed}, case ${index}: ${String(error)}: ${message.toString('hex')}`;
      assert.ok(isLatchkeyError(error), what());
    }
  }
}

async function readAny(reader: MessageReader, method: number, first: boolean): Promise<number> {
  if (first && method > 2) {
    await reader.delegationFlag();
    return 1;
  }
  if (await reader.nextIsText()) return (await reader.text()).length;
  if (method === 0) return (await reader.der()).length;
  if (method === 1) return (await reader.chain()).reduce((sum, one) => sum + one.length, 0);
  if (method === 2) return (await reader.pem()).length;
  if (method === 3) return (await reader.authorizationReply()).length;
  return (await reader.text()).length;
}
