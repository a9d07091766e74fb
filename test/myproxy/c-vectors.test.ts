import assert from 'node:assert/strict';
import { verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AUTHORIZATION_METHODS,
  encodeAuthorizationReply,
  encodeChain,
  encodeRequest,
  encodeResponse,
  MessageReader,
  parseAuthorizationReply,
  parseRequest,
  parseResponse,
} from '../../src/myproxy/index.ts';
import { repositoryRoot } from '../support/workspace.ts';

/** One recorded message: a flag or text as it is, binary ones in base64. */
interface Recorded {
  readonly from: 'client' | 'server';
  readonly flag?: string;
  readonly text?: string;
  /** A certificate request. */
  readonly request?: string;
  readonly chain?: string;
  /** An authorization reply. */
  readonly reply?: string;
}

const file = readFileSync(join(repositoryRoot, 'test/myproxy/c-vectors.json'), 'utf8');
const { conversations } = JSON.parse(file) as { conversations: Record<string, Recorded[]> };

const bytesOf = (message: Recorded) =>
  message.flag !== undefined || message.text !== undefined
    ? Buffer.from(message.flag ?? message.text ?? '')
    : Buffer.from(message.request ?? message.chain ?? message.reply ?? '', 'base64');

/** A reader over everything one side sent, glued together, that must never need its grace time. */
function readerOf(messages: readonly Recorded[]): MessageReader {
  const chunks: (Buffer | undefined)[] = [Buffer.concat(messages.map(bytesOf)), undefined];
  const clock = { now: () => new Date(0), sleep: () => new Promise<void>(() => {}) };
  return new MessageReader({ read: () => Promise.resolve(chunks.shift()) }, { clock });
}

/** Reads one message, understands it, and writes it again. */
async function rewrite(reader: MessageReader, message: Recorded): Promise<Buffer> {
  if (message.flag !== undefined) {
    await reader.delegationFlag();
    return Buffer.from('0');
  }
  if (message.text !== undefined) {
    const text = await reader.text();
    return message.from === 'client'
      ? encodeRequest(parseRequest(text))
      : encodeResponse(parseResponse(text));
  }
  if (message.request !== undefined) return await reader.der();
  if (message.chain !== undefined) return encodeChain(await reader.chain());
  return encodeAuthorizationReply(parseAuthorizationReply(await reader.authorizationReply()));
}

for (const [name, messages] of Object.entries(conversations)) {
  test(`C conversation "${name}": understood, and written again byte for byte`, async () => {
    for (const from of ['client', 'server'] as const) {
      const side = messages.filter((message) => message.from === from);
      const reader = readerOf(side);
      for (const message of side) {
        const written = await rewrite(reader, message);
        assert.equal(written.toString('latin1'), bytesOf(message).toString('latin1'));
      }
      assert.equal(await reader.atEnd(), true);
    }
  });
}

test('the signature in the C renewal is over the challenge, by the key of the first certificate', () => {
  const renewal = conversations.renewal ?? [];
  const challenged = renewal
    .filter((message) => message.text !== undefined && message.from === 'server')
    .map((message) => parseResponse(bytesOf(message)))
    .find((response) => response.status === 'authorization');
  const recorded = renewal.find((message) => message.reply !== undefined);
  assert.ok(challenged?.status === 'authorization' && recorded !== undefined);
  assert.deepEqual(
    challenged.challenges.map((challenge) => challenge.method),
    ['X509_certificate', 'X509_certificate_SHA256'],
  );
  const reply = parseAuthorizationReply(bytesOf(recorded));
  assert.ok(reply.method === 'X509_certificate_SHA256');
  const digest = AUTHORIZATION_METHODS.find((row) => row.method === reply.method)?.digest;
  const challenge = challenged.challenges.find(({ method }) => method === reply.method);
  const leaf = new X509Certificate(reply.chain[0] ?? Buffer.alloc(0));
  assert.equal(verify(digest, Buffer.from(challenge?.data ?? ''), leaf.publicKey, reply.signature), true);
});

test('what INFO told of the three credentials', () => {
  const [, , answer] = conversations.info ?? [];
  const response = parseResponse(Buffer.from(answer?.text ?? ''));
  assert.ok(response.status === 'ok');
  const byName = new Map(response.credentials?.map((info) => [info.name, info]));
  assert.deepEqual([...byName.keys()], [undefined, 'ren', 'first']);
  assert.equal(byName.get('first')?.description, 'my words');
  assert.equal(byName.get('first')?.lockMessage, 'stolen laptop');
  assert.equal(byName.get('ren')?.renewers, '*/CN=Robot Renewer');
});
