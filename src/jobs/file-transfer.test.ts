import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { parseFileTransfer } from './file-transfer.ts';

test('four operators, with or without blanks, and quoted names', () => {
  assert.deepEqual(parseFileTransfer('a > b'), { local: 'a', remote: 'b', direction: 'in', append: false });
  assert.deepEqual(parseFileTransfer('a>>b'), { local: 'a', remote: 'b', direction: 'in', append: true });
  assert.deepEqual(parseFileTransfer(' a <b '), { local: 'a', remote: 'b', direction: 'out', append: false });
  assert.deepEqual(parseFileTransfer('a << b'), { local: 'a', remote: 'b', direction: 'out', append: true });
  assert.deepEqual(parseFileTransfer('"my \\"file\\" > x" > "b\\\\ c"').local, 'my "file" > x');
  assert.equal(parseFileTransfer('"a b" > "b\\\\ c"').remote, 'b\\ c');
});

test('what SAGA splits wrongly or dies of is refused with the reason', () => {
  for (const text of [
    'a->b',
    'a -> b',
    'a > b > c',
    'a <> b',
    'a >',
    '> b',
    'a b',
    '',
    '"a > b',
    'a >>> b',
    'a > b c',
  ]) {
    assert.throws(
      () => parseFileTransfer(text),
      (error) => isLatchkeyError(error, 'jobs/description'),
      text,
    );
  }
});
