import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseName } from './name.ts';
import { parseOneline } from './name-oneline.ts';
import { canonicalName, isSameName, subjectHash, subjectHashOld } from './subject-hash.ts';

// More names, against openssl itself: test/x509-path/subject-hash.test.ts.

/** /C=DE/O=Grid/CN=Jane<two blanks>User with PrintableString and UTF8Strings, as `openssl req` wrote it. */
const JANE = Buffer.from(
  '3031310b300906035504061302444531' +
    '0d300b060355040a0c0447726964' +
    '31133011060355' +
    '04030c0a4a616e65202055736572',
  'hex',
);

test('the hashes are those of openssl x509 -subject_hash and -subject_hash_old', () => {
  const name = parseName(JANE);
  assert.equal(subjectHash(name), '3d0e9528');
  assert.equal(subjectHashOld(name), '42cf90c7');
});

test('letter case, blanks and string types do not matter to the new hash, but to the old one', () => {
  const spelled = parseOneline('/C=de/O=GRID/CN= jane User ');
  assert.equal(subjectHash(spelled), '3d0e9528');
  assert.notEqual(subjectHashOld(spelled), '42cf90c7');
  assert.ok(isSameName(spelled, parseName(JANE)));
});

test('different names are different, also where one begins like the other', () => {
  assert.ok(!isSameName(parseOneline('/O=Grid/CN=Jane'), parseOneline('/O=Grid/CN=Jane/CN=1')));
  assert.ok(!isSameName(parseOneline('/O=Grid/CN=Jane'), parseOneline('/CN=Jane/O=Grid')));
  assert.ok(!isSameName(parseOneline('/O=Grid/CN=Jane'), parseOneline('/O=Grid/OU=Jane')));
});

test('the empty name has the hash of nothing', () => {
  const empty = parseName(Buffer.from('3000', 'hex'));
  assert.equal(canonicalName(empty).length, 0);
  assert.equal(subjectHash(empty), 'eea339da');
});

test('a name with half a character in it hashes like itself only', () => {
  const odd = parseOneline('/CN=x');
  const broken = {
    der: Buffer.from('00', 'hex'),
    rdns: [[{ type: '2.5.4.3', text: '', value: element('1e0361ff62') }]],
  };
  assert.ok(!isSameName(odd, broken));
  assert.match(subjectHash(broken), /^[0-9a-f]{8}$/);
});

function element(hex: string): { tag: number; contents: Buffer; der: Buffer } {
  const der = Buffer.from(hex, 'hex');
  return { tag: der[0] ?? 0, contents: der.subarray(2), der };
}
