import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CredentialInfo } from './credential-info.ts';
import { encodeResponse, parseResponse, type Response } from './response.ts';

const parse = (text: string) => parseResponse(Buffer.from(text));
const at = (seconds: number) => new Date(seconds * 1000);

test('the smallest OK is 30 bytes', () => {
  const message = encodeResponse({ status: 'ok' });
  assert.equal(message.toString(), 'VERSION=MYPROXYv2\nRESPONSE=0\n\0');
  assert.equal(message.length, 30);
  assert.deepEqual(parseResponse(message), { status: 'ok' });
});

test('errors go line by line and come back as lines', () => {
  const message = encodeResponse({ status: 'error', lines: ['one\ntwo', 'three\0'] });
  assert.equal(message.toString(), 'VERSION=MYPROXYv2\nRESPONSE=1\nERROR=one\nERROR=two\nERROR=three\n\0');
  assert.deepEqual(parseResponse(message), { status: 'error', lines: ['one', 'two', 'three'] });
});

test('missing and odd fields: tolerated where the meaning is clear', () => {
  assert.deepEqual(parse('VERSION=MYPROXYv2\nRESPONSE=1\n'), { status: 'error', lines: [] });
  assert.deepEqual(parse('VERSION=MYPROXYv2\nERROR=no RESPONSE\n'), {
    status: 'error',
    lines: ['no RESPONSE'],
  });
  assert.deepEqual(parse('VERSION=MYPROXYv2\nRESPONSE=0'), { status: 'ok' });
  for (const text of [
    '',
    '\0',
    'VERSION=MYPROXYv1\nRESPONSE=0\n',
    'VERSION=MYPROXYv2\n',
    'VERSION=MYPROXYv2\nRESPONSE=3\n',
    'VERSION=MYPROXYv2\nRESPONSE=x\n',
    'HTTP/1.1 400 Bad Request\r\n',
  ]) {
    assert.throws(() => parse(text), { code: 'myproxy/malformed' }, text);
  }
});

test('challenges', () => {
  const response: Response = {
    status: 'authorization',
    challenges: [
      { method: 'X509_certificate', data: '00112233445566778899aabbccddeeff' },
      { method: 'X509_certificate_SHA256', data: 'ffeeddccbbaa99887766554433221100' },
    ],
  };
  const message = encodeResponse(response);
  assert.equal(
    message.toString(),
    'VERSION=MYPROXYv2\nRESPONSE=2\nAUTHORIZATION_DATA=X509_certificate:00112233445566778899aabbccddeeff\n' +
      'AUTHORIZATION_DATA=X509_certificate_SHA256:ffeeddccbbaa99887766554433221100\n\0',
  );
  assert.deepEqual(parseResponse(message), response);
});

// The example of the C server 6.2.14, two credentials of one user.
const INFO = [
  'VERSION=MYPROXYv2',
  'RESPONSE=0',
  'CRED_START_TIME=1795342022',
  'CRED_END_TIME=1795428722',
  'CRED_OWNER=/O=Lab/CN=alice',
  'CRED_ren_START_TIME=1795342023',
  'CRED_ren_END_TIME=1795428723',
  'CRED_ren_OWNER=/O=Lab/CN=alice',
  'CRED_ren_RENEWER=*/CN=bob',
  'ADDL_CREDS=ren',
  '\0',
].join('\n');

test('an INFO response of the C server, both ways', () => {
  const response: Response = {
    status: 'ok',
    credentials: [
      { startTime: at(1795342022), endTime: at(1795428722), owner: '/O=Lab/CN=alice' },
      {
        name: 'ren',
        startTime: at(1795342023),
        endTime: at(1795428723),
        owner: '/O=Lab/CN=alice',
        renewers: '*/CN=bob',
      },
    ],
  };
  assert.deepEqual(parse(INFO), response);
  assert.equal(encodeResponse(response).toString(), INFO);
});

test('names that confuse C clients keep their meaning here', () => {
  const owner = '/CN=x';
  const names = ['a,b', 'OWNER', 'START_TIME', 'x_RENEWER', 'RETRIEVER', 'a=b', 'CRED_a', '_', 'a b'];
  const credentials = names.map((name, index) => ({
    name,
    startTime: at(index),
    endTime: at(100 + index),
    owner,
    retrievers: `r ${name}`,
    trustedRetrievers: `CRED_${name}_OWNER=/CN=evil`,
  }));
  const response: Response = {
    status: 'ok',
    credentials: [{ startTime: at(1), endTime: at(2), owner }, ...credentials],
  };
  assert.deepEqual(parseResponse(encodeResponse(response)), response);
});

test('INFO: the default credential goes first, because only the first can do without a name', () => {
  const named = { name: 'n', startTime: at(1), endTime: at(2), owner: '/CN=x' };
  const unnamed = { startTime: at(3), endTime: at(4), owner: '/CN=x' };
  const message = encodeResponse({ status: 'ok', credentials: [named, unnamed] });
  assert.deepEqual(parseResponse(message), { status: 'ok', credentials: [unnamed, named] });
  const turned = 'VERSION=MYPROXYv2\nRESPONSE=0\nCRED_n_START_TIME=1\nCRED_START_TIME=3\n';
  const parsed = parse(turned);
  assert.deepEqual(parsed.status === 'ok' && parsed.credentials?.map(({ name }) => name), [undefined, 'n']);
});

test('INFO: only the first line of a lock, times beyond 2038 that C wrapped, missing fields', () => {
  const message = encodeResponse({
    status: 'ok',
    credentials: [{ startTime: at(1), endTime: at(2), owner: '/CN=x', lockMessage: 'stolen\ncall 112' }],
  });
  assert.match(message.toString(), /\nCRED_LOCKMSG=stolen\n\0$/);
  const parsed = parse('VERSION=MYPROXYv2\nRESPONSE=0\nCRED_START_TIME=5\nCRED_END_TIME=-2147483648\n');
  const info = parsed.status === 'ok' ? parsed.credentials?.[0] : undefined;
  assert.deepEqual(info, { startTime: at(5), endTime: at(2 ** 31), owner: '' });
  assert.deepEqual(parse('VERSION=MYPROXYv2\nRESPONSE=0\nCRED_OWNER=/CN=x\n'), { status: 'ok' });
  assert.doesNotThrow(() => parse('VERSION=MYPROXYv2\nRESPONSE=0\nCRED_START_TIME=99999999999999999999\n'));
});

test('trust roots: listed and sent in one order, without what the list cannot carry', () => {
  const message = encodeResponse({
    status: 'ok',
    trustRoots: new Map([
      ['b.0', Buffer.from('bee')],
      ['a,0', Buffer.from('comma')],
      ['a.0', Buffer.from('ay\0\xff', 'latin1')],
      ['empty.0', Buffer.alloc(0)],
      ['x/y', Buffer.from('slash')],
    ]),
  });
  assert.equal(
    message.toString(),
    'VERSION=MYPROXYv2\nRESPONSE=0\nTRUSTED_CERTS=b.0,a.0\nFILEDATA_b.0=YmVl\nFILEDATA_a.0=YXkA/w==\n\0',
  );
  const parsed = parseResponse(message);
  assert.ok(parsed.status === 'ok');
  assert.deepEqual(
    [...(parsed.trustRoots ?? [])],
    [
      ['b.0', Buffer.from('bee')],
      ['a.0', Buffer.from('ay\0\xff', 'latin1')],
    ],
  );
  assert.equal(encodeResponse({ status: 'ok', trustRoots: new Map() }).length, 30);
});

test('trust roots: files without data are skipped, data that is not base64 is an error', () => {
  const start = 'VERSION=MYPROXYv2\nRESPONSE=0\nTRUSTED_CERTS=a,b\n';
  const parsed = parse(`${start}FILEDATA_b=YmVl\nFILEDATA_c=YmVl\n`);
  assert.ok(parsed.status === 'ok');
  assert.deepEqual([...(parsed.trustRoots?.keys() ?? [])], ['b']);
  assert.throws(() => parse(`${start}FILEDATA_b=YmV\n`), { code: 'myproxy/malformed' });
  assert.throws(() => parse(`${start}FILEDATA_b=Ym!l\n`), { code: 'myproxy/malformed' });
});

const line = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/[\n\0]/g, ''));
const time = fc.integer({ min: 0, max: 4_000_000_000 }).map(at);
const info = fc.record(
  {
    startTime: time,
    endTime: time,
    owner: line,
    description: line,
    retrievers: line,
    renewers: line,
    keyRetrievers: line,
    trustedRetrievers: line,
    lockMessage: line,
  },
  { requiredKeys: ['startTime', 'endTime', 'owner'] },
);
const credentials = fc
  .tuple(
    fc.option(line, { nil: undefined }),
    info,
    fc.uniqueArray(
      fc.tuple(
        line.map((name) => `n${name}`),
        info,
      ),
      { maxLength: 4, selector: ([name]) => name },
    ),
  )
  .map(([name, first, others]): CredentialInfo[] => [
    { ...first, ...(name === undefined ? {} : { name }) },
    ...others.map(([name, info]) => ({ ...info, name })),
  ]);

test('what was encoded is parsed to the same credentials', () => {
  fc.assert(
    fc.property(credentials, (list) => {
      const response: Response = { status: 'ok', credentials: list };
      assert.deepEqual({ ...parseResponse(encodeResponse(response)) }, response);
    }),
    { numRuns: 500 },
  );
});
