import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError, Secret } from '../kit/index.ts';
import { createEnvelope, isEnveloped } from './envelope.ts';

const key = (fill: number) => new Secret(Buffer.alloc(32, fill));
const pem = new Secret('-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n');
const jane = { username: 'jane', name: 'robot', owner: '/O=Grid/CN=Jane' };
const refusal = (error: unknown) => isLatchkeyError(error, 'repository/envelope');

test('what is sealed opens for the same user, name and owner only', async () => {
  const envelope = createEnvelope([key(1)]);
  const sealed = await envelope.seal(pem, jane);
  assert.ok(isEnveloped(sealed) && !isEnveloped(pem));
  assert.match(sealed.revealText(), /^-----BEGIN LATCHKEY SEALED CREDENTIAL-----\n/);
  assert.ok((await envelope.open(sealed, jane)).equals(pem));
  const others = [
    { ...jane, username: 'joe' },
    { ...jane, name: undefined },
    { ...jane, name: '' },
    { ...jane, owner: '/O=Grid/CN=Joe' },
    { username: 'jan', name: 'e=robot', owner: jane.owner },
  ];
  for (const other of others) assert.throws(() => envelope.open(sealed, other), refusal);
});

test('no changed byte goes unnoticed', async () => {
  const envelope = createEnvelope([key(1)]);
  const sealed = (await envelope.seal(pem, jane)).revealText();
  const [head = '', ...rest] = sealed.trim().split('\n');
  const der = Buffer.from(rest.slice(0, -1).join(''), 'base64');
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ flip;
      const text = `${head}\n${changed.toString('base64')}\n${head.replace('BEGIN', 'END')}\n`;
      assert.throws(() => envelope.open(new Secret(text), jane), refusal);
    }),
  );
});

test('keys are changed step by step', async () => {
  const old = createEnvelope([key(1)]);
  const both = createEnvelope([key(2), key(1)]);
  const fresh = createEnvelope([key(2)]);
  assert.ok((await both.open(await old.seal(pem, jane), jane)).equals(pem));
  assert.ok((await fresh.open(await both.seal(pem, jane), jane)).equals(pem));
  const sealedByOld = await old.seal(pem, jane);
  assert.throws(() => fresh.open(sealedByOld, jane), refusal);
  assert.throws(() => createEnvelope([new Secret('short')]), refusal);
});

test('what the first version sealed still opens', async () => {
  const sealed = `-----BEGIN LATCHKEY SEALED CREDENTIAL-----
AaDUoLhIRkNI9Rz0n8ZvpmrNo7B9lG1o4rf8C6tHcuogZp5kI/UJ/83Mp8CHbwN8
+w==
-----END LATCHKEY SEALED CREDENTIAL-----
`;
  assert.equal((await createEnvelope([key(1)]).open(new Secret(sealed), jane)).revealText(), 'a credential');
});
