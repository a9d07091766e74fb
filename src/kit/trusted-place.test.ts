import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyUntrusted } from './trusted-place.ts';

const JANE = 1000;
const place = (mode: number, uid = 0, gid = 0) => ({ uid, gid, mode });
const why = (mode: number, uid?: number, gid?: number) => whyUntrusted(place(mode, uid, gid), JANE, false);

test('root’s directories, one’s own, and sticky ones of theirs are places for what is private', () => {
  for (const trusted of [why(0o755), why(0o1777), why(0o700, JANE, 100), why(0o1777, JANE, 100)])
    assert.equal(trusted, undefined);
  // Root's group is root; a group with the user's own number is the user's alone.
  assert.equal(why(0o775), undefined);
  assert.equal(why(0o775, JANE, JANE), undefined);
});

test('where somebody else could rename what is there, nothing private is kept', () => {
  assert.match(why(0o777) ?? '', /everybody/);
  assert.match(why(0o775, JANE, 100) ?? '', /group/);
  assert.match(why(0o775, 0, 100) ?? '', /group/);
  // Whoever owns a sticky directory may rename all the same.
  assert.match(why(0o1777, 1001, 100) ?? '', /another account \(1001\)/);
  assert.match(why(0o755, 65_534, 65_534) ?? '', /another account/);
});

test('where root is not known by its number, nobody may be root', () => {
  assert.equal(whyUntrusted(place(0o755, 65_534, 65_534), JANE, true), undefined);
  assert.match(whyUntrusted(place(0o755, 1001, 100), JANE, true) ?? '', /another account/);
});
