import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallableObject, remote } from './typed-proxy.ts';

test('logging, joining or awaiting an object calls nothing of it, whatever its server says it has', async () => {
  const called: string[] = [];
  const names = ['then', 'toJSON', 'toString', 'valueOf', 'solve'];
  const object = {
    ...{ attributes: names.slice(0, 4), methods: names, oneway: [] },
    get: async (name: string) => called.push(name),
    send: async () => {},
    either: async (name: string) => called.push(name),
  } as unknown as CallableObject;
  const model = remote<{ solve(): number }>(object);
  assert.equal(JSON.stringify({ model }), '{"model":{}}');
  assert.throws(() => `${model}`, TypeError);
  await model;
  assert.deepEqual(called, []);
  assert.equal(await model.solve(), 1);
});
