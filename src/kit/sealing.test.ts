import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from './errors.ts';
import { isSealedText, openText, sealingKeys, sealText } from './sealing.ts';
import { Secret } from './secret.ts';

const key = (fill: number) => new Secret(Buffer.alloc(32, fill));
const keys = sealingKeys([key(1)]);
const isDamaged = (error: unknown) => isLatchkeyError(error, 'sealing/damaged');

test('what is sealed opens for the same parts only', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), fc.array(fc.string()), (text, parts, others) => {
      const sealed = sealText(keys, new Secret(text), parts);
      assert.ok(isSealedText(sealed));
      assert.match(sealed, /^latchkey-sealed:v1:[\w-]+$/);
      assert.equal(openText(keys, sealed, parts).revealText(), new Secret(text).revealText());
      if (JSON.stringify(parts) !== JSON.stringify(others))
        assert.throws(() => openText(keys, sealed, others), isDamaged);
    }),
  );
});

test('the border between two parts counts', () => {
  const sealed = sealText(keys, new Secret('x'), ['ab', 'c']);
  assert.throws(() => openText(keys, sealed, ['a', 'bc']), isDamaged);
});

test('two seals of the same text differ', () => {
  assert.notEqual(sealText(keys, new Secret('x'), []), sealText(keys, new Secret('x'), []));
});

test('a text that was never sealed is told from one under an unknown key', () => {
  for (const text of ['', 'plain', 'latchkey-sealed:v1:', 'latchkey-sealed:v1:AAAA'])
    assert.throws(() => openText(keys, text, []), isDamaged);
  const other = sealText(sealingKeys([key(2)]), new Secret('x'), []);
  assert.throws(
    () => openText(keys, other, []),
    (error) => isLatchkeyError(error, 'sealing/key'),
  );
  assert.equal(openText(sealingKeys([key(1), key(2)]), other, []).revealText(), 'x');
});
