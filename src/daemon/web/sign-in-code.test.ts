import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCode, normalizeCode, proofOf } from './sign-in-code.ts';

test('a code is found again however it is typed', () => {
  for (let round = 0; round < 200; round += 1) {
    const code = createCode();
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.equal(normalizeCode(code), code);
    assert.equal(normalizeCode(` ${code.toLowerCase().replace('-', '  ')} `), code);
    assert.equal(normalizeCode(code.replaceAll('0', 'o').replaceAll('1', 'l')), code);
  }
});

test('anything else is no code, and nothing crashes', () => {
  for (const typed of ['', '1234567', '123456789', 'ABCD-EFGU', '../../etc', 'é234-5678', '1'.repeat(10_000)])
    assert.equal(normalizeCode(typed), undefined, typed.slice(0, 20));
  fc.assert(
    fc.property(fc.string(), (typed) => {
      const code = normalizeCode(typed);
      return code === undefined || normalizeCode(code) === code;
    }),
    { seed: 1 },
  );
});

test('name and contents of a proof say nothing of each other', () => {
  const { fileName, contents } = proofOf('7GK2-M4QX');
  assert.match(fileName, /^[0-9a-f]{64}$/);
  assert.notEqual(`${fileName}\n`, contents);
  assert.notEqual(proofOf('7GK2-M4QY').fileName, fileName);
});
