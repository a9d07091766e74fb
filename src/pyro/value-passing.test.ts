import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exposed } from './exposed.ts';
import { ObjectReference, referenceOf } from './object-reference.ts';
import type { PyroVersion } from './serializer.ts';
import { serializers } from './serializers.ts';
import type { PyroInput } from './value.ts';
import { type Converter, encodePassed, type PassingGround, revive } from './value-passing.ts';

test('a reference is a proxy of its version, and comes back, in every serializer', () => {
  const metadata = { methods: ['a', 'b'], oneway: ['b'], attributes: ['c'] };
  const reference = new ObjectReference('PYRO:x@h:1', metadata);
  for (const version of [4, 5] as const)
    for (const serializer of Object.values(serializers)) {
      const bytes = encodePassed([reference] as unknown as PyroInput, ground(version), serializer.encode);
      const [back] = serializer.decode(bytes) as [never];
      assert.deepEqual(referenceOf(back), reference);
    }
});

test('URIs are references; other values are none', () => {
  const state = ['PYRO', 'x', null, 'h', 1];
  assert.equal(referenceOf({ __class__: 'Pyro4.core.URI', state })?.uri, 'PYRO:x@h:1');
  for (const value of [
    null,
    'PYRO:x@h:1',
    [],
    {},
    { __class__: 'Pyro4.core.Proxy' },
    { __class__: 'Pyro4.core.Proxy', state: [1] },
  ])
    assert.equal(referenceOf(value as never), undefined);
});

test('what has no meaning of its own is not walked, and what cannot be sent is still refused', () => {
  let encoded = 0;
  const encode = (value: PyroInput) => {
    encoded += 1;
    return serializers.json.encode(value);
  };
  encodePassed({ a: [1, 2] }, ground(4), encode);
  assert.equal(encoded, 1);
  assert.throws(() => encodePassed([new WeakMap()] as never, ground(4), encode), TypeError);
  const circular: unknown[] = [];
  circular.push(circular);
  assert.throws(() => encodePassed(circular as never, ground(4), encode));
});

test('exposed objects are published where they are met, however deep', () => {
  const given: Exposed[] = [];
  const exposed = new Exposed({ methods: { x: () => null } });
  const refer = (one: Exposed): ObjectReference => {
    given.push(one);
    return new ObjectReference('PYRO:e@h:1');
  };
  const bytes = encodePassed(
    { list: [exposed] } as never,
    { ...ground(4), refer },
    serializers.msgpack.encode,
  );
  assert.deepEqual(given, [exposed]);
  const back = serializers.msgpack.decode(bytes) as { list: [never] };
  assert.equal(referenceOf(back.list[0])?.uri, 'PYRO:e@h:1');
});

test('a converter writes instances, also inside of others, and makes them again', () => {
  class Box {
    readonly content: unknown;
    constructor(content: unknown) {
      this.content = content;
    }
  }
  const converter: Converter<Box> = {
    className: 'test.Box',
    matches: (value) => value instanceof Box,
    toDict: ({ content }) => ({ content }),
    fromDict: ({ content }) => new Box(content),
  };
  const value = new Box([new Box(1)]);
  const bytes = encodePassed(
    value as never,
    { ...ground(5), converters: [converter] },
    serializers.serpent.encode,
  );
  const back = serializers.serpent.decode(bytes);
  assert.deepEqual(revive(back, [converter]), value);
  assert.deepEqual(revive(back, []), {
    __class__: 'test.Box',
    content: [{ __class__: 'test.Box', content: 1 }],
  });
});

function ground(version: PyroVersion): PassingGround {
  return {
    version,
    converters: [],
    refer: () => {
      throw new TypeError('nothing is published here');
    },
  };
}
