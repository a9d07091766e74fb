import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatOwnerMark, isOwnerGone, ownMark, parseOwnerMark } from './owner-mark.ts';

test('a mark is one line, and read again as it was', () => {
  const mark = ownMark();
  assert.deepEqual(parseOwnerMark(formatOwnerMark(mark)), mark);
  for (const text of ['', 'x', '1 2 3 4', 'a b c d e', `${formatOwnerMark(mark)}x`])
    assert.equal(parseOwnerMark(text), undefined);
});

test('an owner is gone when its number is another process’s or nobody’s, or the machine was started again', () => {
  const mark = ownMark();
  assert.equal(isOwnerGone(mark), false);
  assert.equal(isOwnerGone({ ...mark, begin: '1' }), true);
  assert.equal(isOwnerGone({ ...mark, boot: 'before' }), true);
  assert.equal(isOwnerGone({ ...mark, pid: 2 ** 22 + 1 }), true);
  assert.equal(isOwnerGone({ ...mark, begin: '-' }), false);
  assert.equal(isOwnerGone({ ...mark, pid: 2 ** 22 + 1, begin: '-' }), true);
});

test('of another machine or container nothing is known', () => {
  const mark = ownMark();
  assert.equal(isOwnerGone({ ...mark, begin: '1', host: 'elsewhere' }), false);
  assert.equal(isOwnerGone({ ...mark, boot: 'before', namespace: 'pid:[1]' }), false);
});

test('an owner of whom the system tells nothing just now may live', () => {
  const mark = { ...ownMark(), pid: 12, begin: '34', boot: 'this' };
  const { namespace, host } = mark;
  const view = (boot: string, begin: string | undefined) => ({
    here: () => ({ boot, namespace, host }),
    beginOf: () => begin,
  });
  // No descriptor is free: neither file of /proc can be read.
  assert.equal(isOwnerGone(mark, view('-', undefined)), false);
  assert.equal(isOwnerGone(mark, view('this', undefined)), false);
  assert.equal(isOwnerGone(mark, view('-', '56')), false);
  // Marked by one that could not read them.
  assert.equal(isOwnerGone({ ...mark, begin: '-', boot: '-' }, view('this', '34')), false);
  assert.equal(isOwnerGone(mark, view('this', '56')), true);
  assert.equal(isOwnerGone(mark, view('-', 'none')), true);
});
