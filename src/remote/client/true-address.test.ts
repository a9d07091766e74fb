import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trueAddress } from './true-address.ts';

const uri = 'PYRO:models@127.0.0.1:5555';

test('behind NAT settings the tags tell where a server listens, and not the URI', () => {
  const tags = ['type:jobmanager', 'host:192.0.2.71', 'port:44382', 'nathost:127.0.0.1', 'natport:5555'];
  assert.deepEqual(trueAddress({ uri, tags }), {
    uri: 'PYRO:models@192.0.2.71:44382',
    host: '192.0.2.71',
  });
});

test('without NAT the URI is true; None is none, and a loopback names no machine', () => {
  const none = ['host:192.0.2.71', 'port:44382', 'nathost:None', 'natport:None'];
  assert.deepEqual(trueAddress({ uri: 'PYRO:models@192.0.2.71:44382', tags: none }), {
    uri: 'PYRO:models@192.0.2.71:44382',
    host: '192.0.2.71',
  });
  for (const host of ['None', '127.0.0.1', '::1', 'localhost', '0.0.0.0'])
    assert.deepEqual(trueAddress({ uri, tags: [`host:${host}`] }), { uri, host: undefined });
  assert.deepEqual(trueAddress({ uri: 'PYRO:models@./u:/run/models/server' }), {
    uri: 'PYRO:models@./u:/run/models/server',
    host: undefined,
  });
});

test('tags that make no address change nothing', () => {
  for (const port of ['None', 'x', '0', '70000'])
    assert.equal(
      trueAddress({ uri, tags: ['host:a', `port:${port}`, 'nathost:127.0.0.1', 'natport:5555'] }).uri,
      uri,
    );
  // The NAT of somebody else's URI.
  assert.equal(
    trueAddress({ uri, tags: ['host:a', 'port:1', 'nathost:127.0.0.1', 'natport:6000'] }).uri,
    uri,
  );
});
