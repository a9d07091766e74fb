// Somebody who holds the port of a Pyro4 server and does not know its HMAC key. What the key proves covers neither the header of a message nor
// who sent it: for what the client itself sends, it is right.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { connectObject } from '../../src/pyro/index.ts';

const CONNECT = 1;
const CONNECT_OK = 2;
const RESULT = 5;

for (const serializer of ['serpent', 'json', 'marshal', 'msgpack'] as const) {
  test(`a client with a key is told nothing by its own message, and tells nothing more: ${serializer}`, async (t) => {
    const { uri, received } = await reflector(t);
    await assert.rejects(async () => {
      const object = await connectObject(uri, { hmacKey: new Secret('the key of the server'), serializer });
      t.after(() => object.close());
      await object.call('add', ['there', 'the key of another']);
    }, isWrongPeer);
    assert.equal(received.length, 1);
    assert.doesNotMatch(received.join(''), /the key of/);
  });
}

function isWrongPeer(error: unknown): boolean {
  assert.ok(isLatchkeyError(error, 'pyro/wrong-peer'), String(error));
  assert.match(error.message, /our own message/);
  return true;
}

/** Sends each message back as the answer to itself. */
async function reflector(t: TestContext): Promise<{ uri: string; received: readonly string[] }> {
  const received: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received.push(bytes.toString('latin1'));
      socket.write(asAnswer(bytes));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { uri: `PYRO:it@127.0.0.1:${address.port}`, received };
}

/** Another type of message, and what that adds to the sum of the header. */
function asAnswer(message: Buffer): Buffer {
  const answer = Buffer.from(message);
  const asked = answer.readUInt16BE(6);
  const type = asked === CONNECT ? CONNECT_OK : RESULT;
  answer.writeUInt16BE(type, 6);
  answer.writeUInt16BE((answer.readUInt16BE(22) + type - asked) & 0xffff, 22);
  return answer;
}
