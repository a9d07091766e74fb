import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyReader } from './policy-options.ts';
import { ToolExit } from './tool.ts';

function read(words: readonly (readonly [string, string?])[], excludes = false): object {
  const reader = policyReader({ retrievalExcludesRenewal: excludes });
  for (const [key, value] of words) {
    assert.ok(reader.take(value === undefined ? { key } : { key, value }));
  }
  return reader.choice;
}

const complaint = (text: RegExp) => (error: unknown) =>
  error instanceof ToolExit && error.code === 1 && text.test(error.stderr);

test('policies: a name is a common name unless -x stands before it; -X goes back', () => {
  assert.deepEqual(read([['R', 'robot'], ['x'], ['Z', '/O=Grid/CN=a|/O=Grid/CN=b'], ['X'], ['E', 'host']]), {
    renewers: '*/CN=robot',
    trustedRetrievers: '/O=Grid/CN=a|/O=Grid/CN=b',
    keyRetrievers: '*/CN=host',
  });
});

test('policies: -a and -A let everybody', () => {
  assert.deepEqual(read([['a'], ['A']]), { retrievers: '*', renewers: '*' });
});

test('policies: the same one twice is refused, except -E', () => {
  assert.throws(
    () => read([['a'], ['r', 'x']]),
    complaint(/^Only one -a or -r option may be specified\.\n$/),
  );
  assert.throws(
    () => read([['R', 'x'], ['A']]),
    complaint(/^Only one -A or -R option may be specified\.\n$/),
  );
  assert.throws(
    () =>
      read([
        ['Z', 'x'],
        ['Z', 'y'],
      ]),
    complaint(/^Only one -Z option may be specified\.\n$/),
  );
  assert.deepEqual(
    read([
      ['E', 'x'],
      ['E', 'y'],
    ]),
    { keyRetrievers: '*/CN=y' },
  );
});

test('policies: the admin tools refuse retrieval together with renewal', () => {
  assert.throws(() => read([['R', 'x'], ['a']], true), complaint(/^-a is incompatible with -A and -R\./));
  assert.throws(
    () =>
      read(
        [
          ['r', 'x'],
          ['R', 'y'],
        ],
        true,
      ),
    complaint(/^-R is incompatible with -a and -r\./),
  );
});

test('policies: other options are left to others', () => {
  assert.equal(policyReader().take({ key: 'v' }), false);
});
