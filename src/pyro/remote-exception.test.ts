import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from '../kit/index.ts';
import {
  isExceptionValue,
  pythonException,
  RemoteError,
  remoteErrorOf,
  valueOfError,
  valueOfWrapped,
  wrappedException,
} from './remote-exception.ts';
import { serpent } from './serializers/serpent.ts';
import type { PyroInput, PyroValue } from './value.ts';

function sent(value: PyroInput): PyroValue {
  return serpent.decode(serpent.encode(value));
}

test('what to do, which programs of ours send along, is there to be shown', () => {
  const told = new LatchkeyError('remote/full', 'full', { hint: 'try later', retryable: true });
  const error = remoteErrorOf(sent(valueOfError(told, 4)));
  assert.deepEqual([error.hint, error.retryable], ['try later', true]);
  const odd = {
    __class__: 'builtins.OSError',
    __exception__: true,
    attributes: { hint: ['x'], retryable: 1 },
  };
  assert.deepEqual([remoteErrorOf(odd).hint, remoteErrorOf(odd).retryable], [undefined, false]);
  const loud = { ...odd, attributes: { hint: `a\n\u001b${'b'.repeat(9999)}` } };
  assert.match(remoteErrorOf(loud).hint ?? '', /^a\?\?b{497}$/);
});

test('an exception arrives as a typed error, and its class is only a name', () => {
  const error = remoteErrorOf({
    __class__: '__main__.MyErr',
    __exception__: true,
    args: ['bad \u001b[2J', 3],
    attributes: { code: 5, _pyroTraceback: ['Traceback\n', '  File "x"\n', 7] },
  });
  assert.ok(error instanceof RemoteError && error instanceof LatchkeyError);
  assert.equal(error.code, 'pyro/remote');
  assert.equal(error.remoteType, '__main__.MyErr');
  assert.equal(error.shortType, 'MyErr');
  assert.equal(error.message, 'MyErr: "bad \\u001b[2J", 3');
  assert.deepEqual(error.args, ['bad \u001b[2J', 3]);
  assert.deepEqual(error.traceback, ['Traceback\n', '  File "x"\n']);
  assert.deepEqual(error.attributes, { code: 5 });
});

test('a message of one argument is that argument, without control characters and cut', () => {
  assert.equal(
    remoteErrorOf({ __class__: 'builtins.ValueError', args: ['a\nb'] }).message,
    'ValueError: a?b',
  );
  assert.equal(remoteErrorOf({ __class__: 'builtins.KeyError', args: [] }).message, 'KeyError');
  assert.ok(remoteErrorOf({ __class__: 'x', args: ['y'.repeat(100_000)] }).message.length < 2100);
});

test('what is no exception is an error all the same', () => {
  for (const value of [null, 5, [], {}, new Map(), { __class__: 5 }])
    assert.equal(remoteErrorOf(value).remoteType, 'unknown');
  assert.equal(isExceptionValue({ __class__: 'x' }), false);
  assert.equal(isExceptionValue({ __class__: 'x', __exception__: true }), true);
});

test('errors go out as classes that Pyro makes again', () => {
  const cases: [unknown, string, readonly PyroValue[]][] = [
    [new TypeError('t'), 'builtins.TypeError', ['t']],
    [new RangeError('r'), 'builtins.ValueError', ['r']],
    [new Error('e'), 'builtins.RuntimeError', ['e']],
    ['text', 'builtins.RuntimeError', ['text']],
    [new LatchkeyError('pyro/uri', 'l', { hint: 'h' }), 'builtins.RuntimeError', ['l']],
    [
      pythonException('Pyro5.errors.NamingError', 'unknown name: x'),
      'Pyro4.errors.NamingError',
      ['unknown name: x'],
    ],
    [remoteErrorOf({ __class__: '__main__.My', args: [1] }), 'builtins.RuntimeError', ['My: 1']],
  ];
  for (const [error, type, args] of cases) {
    const again = remoteErrorOf(sent(valueOfError(error, 4)));
    assert.equal(again.remoteType, type);
    assert.deepEqual(again.args, args);
    assert.deepEqual(again.traceback, []);
  }
  const coded = remoteErrorOf(sent(valueOfError(new LatchkeyError('pyro/uri', 'l', { hint: 'h' }), 5)));
  assert.deepEqual(coded.attributes, { code: 'pyro/uri', hint: 'h', retryable: false });
});

test('a failed call of a batch is wrapped, in the words of each version', () => {
  for (const version of [4, 5] as const) {
    const value = sent(valueOfWrapped(new TypeError('t'), version));
    assert.ok(wrappedException(value) !== undefined);
    assert.equal(remoteErrorOf(value).remoteType, 'builtins.TypeError');
  }
  assert.equal(wrappedException({ exception: 1 }), undefined);
});
