import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exposed } from './exposed.ts';
import { PublishedObjects } from './published-objects.ts';

const thing = () => new Exposed({ methods: { x: () => null } });

test("a name is one object's; what has none gets one that nobody can guess", () => {
  const objects = new PublishedObjects(1000, 10);
  const [a, b] = [thing(), thing()];
  assert.equal(objects.publish(a, 'a', 0), 'a');
  assert.equal(objects.publish(a, 'a', 0), 'a');
  assert.equal(objects.publish(b, 'a', 0), undefined);
  assert.match(objects.publish(b, undefined, 0) ?? '', /^obj_[0-9a-f]{32}$/);
  assert.equal(objects.find('a'), a);
  assert.equal(objects.withdraw('a'), true);
  assert.equal(objects.withdraw('a'), false);
  assert.equal(objects.find('a'), undefined);
});

test('what was only passed by reference goes some time after its last holder', () => {
  const objects = new PublishedObjects(1000, 1);
  const passed = thing();
  const [one, two] = [{}, {}];
  const name = objects.refer(passed, one, 0) ?? '';
  assert.equal(objects.refer(passed, two, 0), name);
  assert.deepEqual(objects.listed, []);
  assert.equal(objects.refer(thing(), one, 0), undefined);
  objects.release(one, 100);
  objects.sweep(99_999);
  assert.equal(objects.find(name), passed);
  objects.release(two, 100_000);
  objects.sweep(101_000);
  assert.equal(objects.find(name), passed);
  objects.sweep(101_001);
  assert.equal(objects.find(name), undefined);
  assert.notEqual(objects.refer(passed, one, 0), name);
});

test('what was published by hand stays, also when it was passed', () => {
  const objects = new PublishedObjects(1000, 1);
  const named = thing();
  objects.publish(named, 'n', 0);
  assert.equal(objects.refer(named, {}, 0), 'n');
  objects.sweep(1e9);
  assert.equal(objects.find('n'), named);
  const passed = thing();
  const name = objects.refer(passed, {}, 0) ?? '';
  assert.equal(objects.publish(passed, undefined, 0), name);
  assert.ok(objects.refer(thing(), {}, 0) !== undefined);
});
