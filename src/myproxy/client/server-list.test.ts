import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import { formatServer, parseServerList } from './server-list.ts';

test('servers with and without ports, names and addresses', () => {
  assert.deepEqual(parseServerList(' a.example.org , b:7513,[::1]:7514,[fe80::1],::2,192.0.2.1:80 ', 7512), [
    { host: 'a.example.org', port: 7512 },
    { host: 'b', port: 7513 },
    { host: '::1', port: 7514 },
    { host: 'fe80::1', port: 7512 },
    { host: '::2', port: 7512 },
    { host: '192.0.2.1', port: 80 },
  ]);
});

test('what is no server list is refused with the text that was given', () => {
  for (const text of [
    '',
    ' , ',
    'a:0',
    'a:65536',
    'a:x',
    '[a]:1',
    'a b',
    'http://a',
    'a:1:2',
    '[::1',
    'a:',
    `${'a,'.repeat(100)}`,
  ]) {
    assert.throws(
      () => parseServerList(text, 7512),
      (error) => isLatchkeyError(error, 'config/invalid'),
      JSON.stringify(text),
    );
  }
});

test('what is formatted is read back', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  const port = fc.integer({ min: 1, max: 65535 });
  const server = fc.record({ host, port }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(server, { minLength: 1, maxLength: 5 }), (servers) => {
      assert.deepEqual(parseServerList(servers.map(formatServer).join(','), 1), servers);
    }),
  );
});
