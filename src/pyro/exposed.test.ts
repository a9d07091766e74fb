import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallContext, Exposed, expose } from './exposed.ts';

const context = {} as CallContext;

test('names that Pyro calls private, that mean two things or nothing are refused', () => {
  const method = () => null;
  for (const name of ['', '_x', '__x', '__', '____', '__getattr__', '__setattr__', '__proto__'])
    assert.throws(() => new Exposed({ methods: { [name]: method } }), TypeError, name);
  assert.ok(new Exposed({ methods: { __len__: method } }));
  assert.throws(
    () => new Exposed({ methods: { x: method }, attributes: { x: {} } }),
    /a method and as an attribute/,
  );
  assert.throws(() => new Exposed({ oneway: ['x'] }), /not in the table/);
});

test('of an instance only what is named is exposed; named arguments come last', () => {
  class Thing {
    size = 1;
    fixed = 'f';
    secret = 's';
    seen: unknown[] = [];
    note(...args: unknown[]): void {
      this.seen.push(args);
    }
    other(): void {}
  }
  const thing = new Thing();
  const exposed = expose(thing, {
    methods: ['note'],
    oneway: ['other'],
    attributes: ['size'],
    readonly: ['fixed'],
  });
  assert.deepEqual(exposed.metadata, {
    methods: ['note', 'other'],
    oneway: ['other'],
    attributes: ['size', 'fixed'],
  });
  exposed.methods.get('note')?.([1, 2], {}, context);
  exposed.methods.get('note')?.([1], { b: 2 }, context);
  assert.deepEqual(thing.seen, [
    [1, 2],
    [1, { b: 2 }],
  ]);
  exposed.attributes.get('size')?.set?.(5, context);
  assert.equal(exposed.attributes.get('size')?.get?.(context), 5);
  assert.equal(exposed.attributes.get('fixed')?.set, undefined);
  assert.equal(exposed.attributes.get('secret'), undefined);
  assert.throws(() => expose(thing, { methods: ['size'] }), TypeError);
});
