import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { serpent } from './serializers/serpent.ts';
import { formatPyroUri, parseObjectUri, parsePyroUri, uriOfValue, valueOfUri } from './uri.ts';

const GOOD: readonly (readonly [string, unknown])[] = [
  [
    'PYRO:obj_12@host.example:4444',
    { protocol: 'PYRO', object: 'obj_12', location: { host: 'host.example', port: 4444 } },
  ],
  ['PYRO:a.b@[::1]:9', { protocol: 'PYRO', object: 'a.b', location: { host: '::1', port: 9 } }],
  ['PYRO:x@[fe80::1%eth0]:9', { protocol: 'PYRO', object: 'x', location: { host: 'fe80::1%eth0', port: 9 } }],
  ['PYRO:echo@./u:/run/a b.sock', { protocol: 'PYRO', object: 'echo', location: { path: '/run/a b.sock' } }],
  ['PYRONAME:Mupif.JobManager', { protocol: 'PYRONAME', object: 'Mupif.JobManager' }],
  ['PYRONAME:n@h', { protocol: 'PYRONAME', object: 'n', location: { host: 'h', port: 9090 } }],
  ['PYROMETA:a,b@h:1', { protocol: 'PYROMETA', tags: ['a', 'b'], location: { host: 'h', port: 1 } }],
];

test('URIs of every kind are read, and written as they were', () => {
  for (const [text, uri] of GOOD) {
    assert.deepEqual(parsePyroUri(text), uri);
    assert.deepEqual(parsePyroUri(formatPyroUri(parsePyroUri(text))), uri);
  }
  assert.equal(formatPyroUri(parsePyroUri('pyro:x@[::1]:5')), 'PYRO:x@[::1]:5');
  assert.equal(formatPyroUri(parsePyroUri('PYRO:echo@./u:/run/s')), 'PYRO:echo@./u:/run/s');
});

test('URIs that mean nothing are refused, with what was expected', () => {
  const bad = [
    '',
    'PYRO',
    'PYRO:',
    'PYRO:x',
    'PYRO:x@',
    'PYRO:x@h',
    'PYRO:x@h:',
    'PYRO:x@h:0',
    'PYRO:x@h:65536',
    'PYRO:x@h:1x',
    'PYRO:x@h:-1',
    'PYRO:a b@h:1',
    'PYRO:x@[::1',
    'PYRO:x@[[::1]]:1',
    'PYRO:x@[host]:1',
    'PYRO:x@::1:1',
    'PYRO:x@./u:',
    'PYRO:x@./u:a:b',
    'PYROX:x@h:1',
    'http://h',
    'PYROMETA:,',
    `PYRO:${'x'.repeat(5000)}@h:1`,
    'PYRO:x@h:1\n',
  ];
  for (const text of bad)
    assert.throws(
      () => parsePyroUri(text),
      (error) => isLatchkeyError(error, 'pyro/uri'),
      text,
    );
  assert.throws(() => parseObjectUri('PYRONAME:x'), /not a name to look up/);
});

test('the dict that stands for a URI goes both ways', () => {
  for (const [text] of GOOD) {
    const uri = parsePyroUri(text);
    for (const version of [4, 5] as const)
      assert.deepEqual(uriOfValue(serpent.decode(serpent.encode(valueOfUri(uri, version)))), uri);
  }
  assert.equal(uriOfValue({ __class__: 'Pyro4.core.Proxy', state: [] }), undefined);
  assert.equal(uriOfValue('PYRO:x@h:1'), undefined);
});
