import assert from 'node:assert/strict';
import { test } from 'node:test';
import { worstOf } from './link-state.ts';
import { HERE, placeKey } from './place.ts';
import { machinesOn, routeBetween } from './route.ts';

const at = (machine: string) => ({ machine, end: { port: 3300 } });

test('every way goes through here, for only here are credentials', () => {
  assert.deepEqual(routeBetween(HERE, at('a'), 'ssh'), { kind: 'forward', to: 'a' });
  assert.deepEqual(routeBetween('b', at(HERE), 'ssh'), { kind: 'reverse', at: 'b' });
  assert.deepEqual(routeBetween('b', at('a'), 'ssh'), { kind: 'relay', to: 'a', at: 'b' });
  assert.deepEqual(machinesOn('b', at('a'), 'ssh'), ['b', HERE, 'a']);
});

test('on one machine, and in one network, nothing is in between', () => {
  assert.deepEqual(routeBetween('a', at('a'), 'ssh'), { kind: 'same' });
  assert.deepEqual(routeBetween(HERE, at(HERE), 'direct'), { kind: 'same' });
  assert.deepEqual(routeBetween('b', at('a'), 'direct'), { kind: 'direct' });
  assert.deepEqual(machinesOn('b', at('a'), 'direct'), ['b', 'a']);
});

test('places are the same exactly when they mean the same listener', () => {
  assert.equal(placeKey(at('a')), placeKey({ machine: 'a', end: { host: '127.0.0.1', port: 3300 } }));
  assert.notEqual(placeKey(at('a')), placeKey(at('b')));
  assert.notEqual(placeKey(at('a')), placeKey({ machine: 'a', end: { socketPath: '/3300' } }));
});

test('the worst part of a way decides', () => {
  const part = (state: 'proven' | 'listening' | 'lost' | 'requested') => ({ state, cause: undefined });
  assert.equal(worstOf([]).state, 'proven');
  assert.equal(worstOf([part('proven'), part('listening')]).state, 'listening');
  assert.equal(worstOf([part('lost'), part('proven')]).state, 'lost');
  assert.equal(worstOf([part('proven'), part('requested')]).state, 'opening');
});
