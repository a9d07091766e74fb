import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServedRequest, type ServedRequest } from './served-request.ts';

const read = (text: string): ServedRequest | undefined => readServedRequest(Buffer.from(text, 'latin1'));

const CPP =
  '0GET /generate-ac?fqans=/testvo/analysis/Role=production&lifetime=43200 HTTP/1.0\nUser-Agent: voms APIs 2.0\nAccept: */*\nHost: localhost:15010\n\n';
const JAVA =
  'GET /generate-ac?fqans=/testvo&lifetime=43200 HTTP/1.1\r\nUser-Agent: Java/17.0.15\r\nHost: localhost:15010\r\nConnection: keep-alive\r\n\r\n';
const ARC_LEGACY =
  '<?xml version="1.0" encoding="US-ASCII"?><voms>\n  <command>B/testvo/analysis:production</command>\n  <lifetime>43200</lifetime>\n</voms>';
const CPP_LEGACY =
  '0<?xml version="1.0" encoding="US-ASCII"?><voms><command>G/testvo</command><order>/testvo/analysis</order><targets>foo.example</targets><base64>1</base64><version>4</version><lifetime>43200</lifetime></voms>';

test('the requests of the C++, Java and ARC clients are read, with leading byte and bare line feeds', () => {
  assert.deepEqual(read(CPP)?.request, {
    fqans: ['/testvo/analysis/Role=production'],
    order: [],
    targets: [],
    lifetimeSeconds: 43_200,
  });
  assert.deepEqual(read(JAVA)?.request?.fqans, ['/testvo']);
  assert.deepEqual(read(ARC_LEGACY), {
    protocol: 'legacy',
    request: { fqans: ['/testvo/analysis/Role=production'], order: [], targets: [], lifetimeSeconds: 43_200 },
    hasUnknown: false,
    wantsBase64: false,
  });
  assert.deepEqual(read(CPP_LEGACY), {
    protocol: 'legacy',
    request: {
      fqans: ['/testvo'],
      order: ['/testvo/analysis'],
      targets: ['foo.example'],
      lifetimeSeconds: 43_200,
    },
    hasUnknown: false,
    wantsBase64: true,
  });
});

test('a request is waited for to its end, wherever it is cut', () => {
  for (const whole of [CPP, JAVA, ARC_LEGACY, CPP_LEGACY]) {
    for (let length = 0; length < whole.length - 1; length += 1)
      assert.equal(read(whole.slice(0, length)), undefined, whole.slice(0, length));
  }
});

test('no fqans is the main group, all is all, and what is not known is remembered', () => {
  assert.deepEqual(read('GET /generate-ac HTTP/1.0\n\n')?.request?.fqans, []);
  assert.equal(read('GET /generate-ac?fqans=all HTTP/1.0\n\n')?.request?.fqans, 'all');
  assert.equal(read('GET /generate-ac?fqans=/testvo&colour=red HTTP/1.0\n\n')?.hasUnknown, true);
  assert.deepEqual(read('GET /generate-ac?fqans=%2Ftestvo HTTP/1.0\n\n')?.request?.fqans, ['/testvo']);
  assert.equal(read('<voms><command>A</command></voms>')?.request?.fqans, 'all');
});

test('a lifetime that is negative or no number is no wish, and a huge one a number still', () => {
  for (const [text, seconds] of [
    ['-5', 0],
    ['abc', 0],
    ['0', 0],
    ['1e9', 0],
    ['999999999999999', 2 ** 31],
    ['9'.repeat(400), 0],
  ] as const)
    assert.equal(
      read(`GET /generate-ac?lifetime=${text} HTTP/1.0\n\n`)?.request?.lifetimeSeconds,
      seconds,
      text,
    );
});

test('what is no request is told what is wrong with it, in the protocol it seems to be', () => {
  const thousand = Array.from({ length: 1_000 }, (_, at) => `/testvo/g${at}`).join(',');
  for (const [text, protocol, kind, message] of [
    ['POST /generate-ac HTTP/1.1\r\n', 'rest', 'malformed', /neither GET/],
    ['GET /generate-ac\n\n', 'rest', 'malformed', /first line/],
    ['GET /other HTTP/1.1\n\n', 'rest', 'not-found', /only/],
    [`GET /generate-ac?fqans=${thousand} HTTP/1.1\n\n`, 'rest', 'malformed', /1000 groups/],
    ['GET /generate-ac?fqans=/testvo%0d%0aX:y HTTP/1.1\n\n', 'rest', 'malformed', /not the name of a group/],
    ['GET /generate-ac?fqans=/a&fqans=/b HTTP/1.1\n\n', 'rest', 'malformed', /twice/],
    ['GET /generate-ac?fqans=%ff HTTP/1.1\n\n', 'rest', 'malformed', /encoded/],
    [`GET /${'x'.repeat(70_000)}`, 'rest', 'malformed', /longer than/],
    [`<voms>${'x'.repeat(70_000)}`, 'legacy', 'malformed', /longer than/],
    ['<voms><command>X</command></voms>', 'legacy', 'malformed', /not known/],
    ['<voms><command>B/testvo</command></voms>', 'legacy', 'malformed', /not known/],
    [`<voms>${'<command>G/testvo</command>'.repeat(101)}</voms>`, 'legacy', 'malformed', /101 groups/],
    ['\x16\x03\x01', 'rest', 'malformed', /neither GET/],
  ] as const) {
    const served = read(text);
    assert.equal(served?.protocol, protocol, text.slice(0, 40));
    assert.equal(served?.problem?.kind, kind, text.slice(0, 40));
    assert.match(served?.problem?.message ?? '', message);
  }
});

test('a request in two parts is the same wherever it is cut, and only what is new is looked at', () => {
  for (const text of [CPP, JAVA, ARC_LEGACY, CPP_LEGACY]) {
    const bytes = Buffer.from(text, 'latin1');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      assert.equal(readServedRequest(bytes.subarray(0, cut), 0), undefined, text.slice(0, cut));
      assert.deepEqual(readServedRequest(bytes, cut), read(text), text.slice(0, cut));
    }
    // One who sends byte by byte must not have us read everything again each time.
    const more = Buffer.concat([bytes, Buffer.alloc(100, 0x78)]);
    assert.equal(readServedRequest(more, more.length - 1), undefined);
  }
});
