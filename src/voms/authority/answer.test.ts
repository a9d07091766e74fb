import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLegacyAnswer } from '../response-legacy.ts';
import { parseRestAnswer } from '../response-rest.ts';
import { writeLegacyAnswer, writeRestAnswer } from './answer.ts';

const certificate = Buffer.concat([Buffer.from('3082', 'hex'), Buffer.alloc(200, 0xfb)]);

test('a REST answer has what the clients insist on: 200, XML declaration, its length, base64 in short lines', () => {
  const bytes = writeRestAnswer({ certificate, warnings: [{ code: '2', message: 'short & <sweet>' }] });
  const [head = '', body = ''] = bytes.toString().split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, new RegExp(`Content-Length: ${Buffer.byteLength(body)}\r\n`));
  assert.match(body, /^<\?xml version="1\.0" encoding="UTF-8"\?><voms><ac>/);
  assert.ok(body.split('\n').every((line) => line.replace(/^.*<ac>/, '').length <= 110));
  assert.deepEqual(parseRestAnswer(bytes), {
    certificate,
    warnings: [{ code: '', message: 'short & <sweet>' }],
    errors: [],
  });
});

test('a refusal has status and code of the real server, and the reason cannot end its element', () => {
  const bytes = writeRestAnswer({ refusal: 'suspended', message: 'no</message>' });
  assert.match(bytes.toString(), /^HTTP\/1\.1 403 Forbidden\r\n/);
  assert.deepEqual(parseRestAnswer(bytes)?.errors, [{ code: 'SuspendedUser', message: 'no</message>' }]);
});

test('the older answer is byte for byte that of the real server', () => {
  assert.equal(
    writeLegacyAnswer({ refusal: 'not-satisfiable', message: 'testvo: no' }, true).toString(),
    '<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version><error><item><number>1001</number><message>testvo: no</message></item></error><ac>QQ==\n</ac></vomsans>',
  );
  for (const wantsBase64 of [true, false])
    assert.deepEqual(
      parseLegacyAnswer(writeLegacyAnswer({ certificate, warnings: [] }, wantsBase64)).certificate,
      certificate,
    );
});
