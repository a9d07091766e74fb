import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../kit/index.ts';
import { askedFqans, checkRequest, parseVomsWish } from './contact-request.ts';
import { encodeLegacyRequest } from './request-legacy.ts';
import { encodeRestRequest } from './request-rest.ts';

const REQUEST = {
  fqans: ['/testvo/analysis/Role=production', '/testvo'],
  order: ['/testvo/analysis'],
  targets: ['a.example', 'b.example'],
  lifetimeSeconds: 43_200,
};

test('the value of -voms is an organisation and what is asked of it', () => {
  assert.deepEqual(parseVomsWish('testvo'), { name: 'testvo' });
  assert.deepEqual(parseVomsWish('testvo:/testvo/Role=x'), { name: 'testvo', command: '/testvo/Role=x' });
  assert.deepEqual(parseVomsWish('testvo:'), { name: 'testvo' });
  for (const bad of ['', ':/a', '/testvo', 'a b'])
    assert.throws(() => parseVomsWish(bad), { code: 'voms/value-invalid' });
});

test('commands become groups and roles: none is the main group, /Role=x its role, all is all', () => {
  assert.deepEqual(askedFqans('testvo', [undefined]), ['/testvo']);
  assert.deepEqual(askedFqans('testvo', ['/Role=VO-Admin', '/testvo/a,/testvo/a']), [
    '/testvo/Role=VO-Admin',
    '/testvo/a',
  ]);
  assert.deepEqual(askedFqans('testvo', ['/testvo/a/Role=NULL/Capability=NULL']), ['/testvo/a']);
  assert.equal(askedFqans('testvo', ['/testvo/a', 'all']), 'all');
  assert.throws(() => askedFqans('testvo', ['analysis']), { code: 'voms/value-invalid' });
});

test('the REST request names everything unencoded, and ends the connection', () => {
  assert.equal(
    encodeRestRequest(REQUEST, 'localhost', 15_000),
    'GET /generate-ac?fqans=/testvo/analysis/Role=production,/testvo&lifetime=43200&order=/testvo/analysis&targets=a.example,b.example HTTP/1.0\r\n' +
      'Host: localhost:15000\r\nUser-Agent: latchkey\r\nAccept: */*\r\nConnection: close\r\n\r\n',
  );
  const plain = { fqans: 'all', order: [], targets: [], lifetimeSeconds: 0 } as const;
  assert.match(
    encodeRestRequest(plain, '::1', 15_000),
    /^GET \/generate-ac\?fqans=all&lifetime=0 HTTP.*\r\nHost: \[::1\]:15000/,
  );
});

test('the older request has a command for each group and role, and asks for base64', () => {
  assert.equal(
    encodeLegacyRequest(REQUEST),
    '<?xml version="1.0" encoding="US-ASCII"?><voms><command>B/testvo/analysis:production</command><command>G/testvo</command>' +
      '<order>/testvo/analysis</order><targets>a.example,b.example</targets><base64>1</base64><version>4</version><lifetime>43200</lifetime></voms>',
  );
});

test('nothing that would end a line or an element gets into a request', () => {
  const bad = [
    { ...REQUEST, fqans: ['/testvo\r\nX: y'] },
    { ...REQUEST, fqans: ['/testvo&lifetime=1'] },
    { ...REQUEST, order: ['/testvo</order>'] },
    { ...REQUEST, targets: ['a b'] },
    { ...REQUEST, targets: Array.from({ length: 51 }, (_, at) => `h${at}`) },
    { ...REQUEST, fqans: Array.from({ length: 1_000 }, (_, at) => `/testvo/g${at}`) },
    { ...REQUEST, lifetimeSeconds: -5 },
    { ...REQUEST, lifetimeSeconds: Number.NaN },
  ];
  for (const request of bad) {
    assert.throws(
      () => checkRequest('testvo', request),
      (error) => error instanceof LatchkeyError && error.code === 'voms/value-invalid',
    );
  }
  assert.throws(() => checkRequest('test vo', REQUEST), { code: 'voms/value-invalid' });
  checkRequest('testvo', REQUEST);
});
