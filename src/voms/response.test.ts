import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLegacyAnswer } from './response-legacy.ts';
import { parseRestAnswer } from './response-rest.ts';
import { decodeBase64, decodeVomsBase64, encodeBase64Lines, encodeVomsBase64 } from './voms-base64.ts';

const DER = Buffer.from('30820110aabbccddeeff00112233', 'hex');

function rest(status: string, body: string, more = ''): Buffer {
  return Buffer.from(`HTTP/1.1 ${status}\r\nServer: gSOAP/2.8\r\n${more}\r\n${body}`);
}

test("VOMS' own base64 has small letters first and brackets; both kinds read back what was written", () => {
  assert.equal(encodeVomsBase64(Buffer.from([0, 16, 131])), 'abcd');
  assert.equal(encodeVomsBase64(Buffer.from([0xff, 0xef])), '][8');
  for (const length of [0, 1, 2, 3, 100]) {
    const bytes = Buffer.alloc(length, 0xfb);
    assert.deepEqual(decodeVomsBase64(encodeVomsBase64(bytes)), bytes);
    assert.deepEqual(decodeBase64(encodeBase64Lines(bytes)), bytes);
  }
  assert.equal(decodeVomsBase64('ab+d'), undefined);
  assert.equal(decodeBase64('ab[d'), undefined);
  assert.equal(decodeBase64('a'), undefined);
});

test('a REST answer of the real server gives the certificate, and its 500 with a warning too', () => {
  const body = `<?xml version="1.0" encoding="UTF-8"?><voms><ac>${encodeBase64Lines(DER)}</ac></voms>`;
  assert.deepEqual(parseRestAnswer(rest('200 OK', body)), { certificate: DER, warnings: [], errors: [] });
  const warned = body.replace('</voms>', '<warning>shortened &amp; so</warning></voms>');
  assert.deepEqual(parseRestAnswer(rest('500 Internal Server Error', warned)), {
    certificate: DER,
    warnings: [{ code: '', message: 'shortened & so' }],
    errors: [],
  });
});

test('a REST answer in chunks is put together', () => {
  const body = `<voms><ac>${DER.toString('base64')}</ac></voms>`;
  const chunks = `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)};x=y\r\n${body.slice(5)}\r\n0\r\n\r\n`;
  assert.deepEqual(
    parseRestAnswer(rest('200 OK', chunks, 'Transfer-Encoding: chunked\r\n'))?.certificate,
    DER,
  );
});

test('a REST refusal keeps code and words; what would move a cursor is taken out', () => {
  const body =
    '<voms><error><code>SuspendedUser</code><message>User is currently suspended!\nSuspension reason: \x1b[2J\x07x</message></error></voms>';
  assert.deepEqual(parseRestAnswer(rest('403 Forbidden', body))?.errors, [
    { code: 'SuspendedUser', message: 'User is currently suspended!\nSuspension reason: ?[2J?x' },
  ]);
});

test('no answer, and a server without that path, are no REST answer; one without attributes is a bad one', () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('junk'),
    Buffer.from('HTTP/1.1 200 OK\r\n'),
    rest('404 Not Found', ''),
    rest('500 Oops', 'x'),
  ])
    assert.equal(parseRestAnswer(bytes), undefined);
  assert.throws(() => parseRestAnswer(rest('200 OK', '<html>')), { code: 'voms/answer' });
  assert.throws(() => parseRestAnswer(rest('200 OK', '<voms><ac>!!</ac></voms>')), { code: 'voms/answer' });
});

test('the older answer is read in both alphabets', () => {
  for (const text of [encodeBase64Lines(DER), encodeVomsBase64(DER)]) {
    const answer = `<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version><ac>${text}</ac></vomsans>`;
    assert.deepEqual(parseLegacyAnswer(Buffer.from(answer)).certificate, DER);
  }
});

test('in the older answer small numbers are warnings, and with an error the certificate is none', () => {
  const item = (number: number, message: string) =>
    `<item><number>${number}</number><message>${message}</message></item>`;
  const answer = (items: string, ac: string) =>
    Buffer.from(`<vomsans><error>${items}</error><ac>${ac}</ac></vomsans>`);
  assert.deepEqual(parseLegacyAnswer(answer(item(2, 'shortened'), DER.toString('base64'))), {
    certificate: DER,
    warnings: [{ code: '2', message: 'shortened' }],
    errors: [],
  });
  assert.deepEqual(parseLegacyAnswer(answer(item(1001, 'testvo: no'), 'QQ==\n')), {
    warnings: [],
    errors: [{ code: '1001', message: 'testvo: no' }],
  });
  assert.throws(() => parseLegacyAnswer(Buffer.alloc(0)), /closed the connection without an answer/);
  assert.throws(() => parseLegacyAnswer(Buffer.from('<vomsans><ac>QQ==</ac></vomsans>')), {
    code: 'voms/answer',
  });
});

test('answers that are all opening brackets or notes are read in time that grows with their length only', () => {
  const notes = `<vomsans>${'<item><number>1001</number><message>x</message></item>'.repeat(18_000)}</vomsans>`;
  assert.equal(parseLegacyAnswer(Buffer.from(notes)).errors.length, 20);
  assert.equal(parseRestAnswer(rest('500 x', '<voms'.repeat(200_000))), undefined);
  assert.equal(
    parseRestAnswer(
      rest('200 OK', '1\r\nx\r\n'.repeat(100_000), 'Transfer-Encoding: chunked\r\n').subarray(0, 30),
    ),
    undefined,
  );
});
