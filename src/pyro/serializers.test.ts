import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../kit/index.ts';
import { serializerNamed, serializerOf, serializers } from './serializers.ts';

test('the numbers of the serializers differ between the versions', () => {
  const numbers = (version: 4 | 5) => Object.values(serializers).map((s) => [s.name, s.idOf(version)]);
  assert.deepEqual(numbers(4), [
    ['serpent', 1],
    ['json', 2],
    ['marshal', 3],
    ['msgpack', 6],
  ]);
  assert.deepEqual(numbers(5), [
    ['serpent', 1],
    ['json', 3],
    ['marshal', 2],
    ['msgpack', 4],
  ]);
  for (const serializer of Object.values(serializers))
    for (const version of [4, 5] as const)
      assert.equal(serializerOf(version, serializer.idOf(version)), serializer);
});

test('pickle and its kin are refused by number and by name, with the reason and what to do', () => {
  for (const [id, name] of [
    [4, 'pickle'],
    [5, 'dill'],
    [7, 'cloudpickle'],
  ] as const) {
    assert.throws(
      () => serializerOf(4, id),
      (error) =>
        isLatchkeyError(error, 'pyro/serializer') &&
        error.message.includes(`speaks ${name}`) &&
        /can run any program/.test(error.message) &&
        /serpent/.test(error.hint ?? ''),
    );
    assert.throws(() => serializerNamed(name), /can run any program/);
  }
  assert.throws(() => serializerOf(5, 5), /no serializer 5 in version 5/);
  assert.throws(() => serializerOf(4, 99), { code: 'pyro/serializer' });
  assert.throws(() => serializerNamed('__proto__'), { code: 'pyro/serializer' });
  assert.equal(serializerNamed('marshal'), serializers.marshal);
});
