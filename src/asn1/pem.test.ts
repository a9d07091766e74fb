import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import { formatPem, parsePem } from './index.ts';

test('blocks come back with their label, bytes and text, whatever is between them', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (parts) => {
      const blocks = parts.map((part) => formatPem('CERTIFICATE', part));
      const found = parsePem(`Subject: x\n${blocks.join('some words\n')}`);
      assert.deepEqual(
        found.map(({ der }) => der),
        parts.map((part) => Buffer.from(part)),
      );
      assert.deepEqual(
        found.map(({ text }) => `${text}\n`),
        blocks,
      );
    }),
  );
});

test('lines may end in CR LF and have blanks at the end', () => {
  const [block] = parsePem('-----BEGIN X-----  \r\nAQID\r\nBAUG  \r\n-----END X-----\r\n');
  assert.deepEqual(block?.der, Buffer.from([1, 2, 3, 4, 5, 6]));
});

test('headers are read in lower case', () => {
  const text =
    '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n-----END RSA PRIVATE KEY-----';
  const [block] = parsePem(text);
  assert.deepEqual(
    [...(block?.headers ?? [])],
    [
      ['proc-type', '4,ENCRYPTED'],
      ['dek-info', 'AES-256-CBC,00'],
    ],
  );
  assert.deepEqual(block?.der, Buffer.from([1, 2, 3]));
});

test('a block that does not end, is not base64, or has headers without a blank line is refused', () => {
  for (const [text, pattern] of [
    ['-----BEGIN X-----\nAQID\n', /does not end/],
    ['-----BEGIN X-----\nAQID\n-----END Y-----', /does not end/],
    ['-----BEGIN X-----\nAQ!D\n-----END X-----', /not base64/],
    ['-----BEGIN X-----\nAQI\n-----END X-----', /not base64/],
    ['-----BEGIN X-----AQID\n-----END X-----', /on its BEGIN line/],
    ['-----BEGIN X-----\nA: b\nAQID-----END X-----', /no blank line/],
    ['-----BEGIN X-----\n-----BEGIN X-----\nAQID\n-----END X-----', /not base64/],
  ] as const) {
    assert.throws(
      () => parsePem(text),
      (error) => isLatchkeyError(error, 'pem/malformed') && pattern.test(error.message),
      text,
    );
  }
});

test('a megabyte of unended blocks is refused at once', () => {
  const text = '-----BEGIN X-----\n'.repeat(60_000);
  const start = process.cpuUsage();
  assert.throws(() => parsePem(text), /does not end/);
  assert.ok(process.cpuUsage(start).user < 1_000_000, 'it took a second of CPU');
});
