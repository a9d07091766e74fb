import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionCounter } from './connection-counter.ts';

test('counts in all and from each address, and forgets who has left', () => {
  const counter = new ConnectionCounter(3, 2);
  assert.equal(counter.enter('192.0.2.1'), undefined);
  assert.equal(counter.enter('192.0.2.1'), undefined);
  assert.match(counter.enter('192.0.2.1') ?? '', /^2 connections are open from there already$/);
  assert.equal(counter.enter('192.0.2.2'), undefined);
  assert.match(counter.enter('192.0.2.3') ?? '', /^3 connections are open already$/);
  counter.leave('192.0.2.1');
  assert.equal(counter.enter('192.0.2.3'), undefined);
  counter.leave('192.0.2.99');
  assert.match(counter.enter('192.0.2.4') ?? '', /^3 connections/);
});

test('addresses of one IPv6 network are one client', () => {
  const counter = new ConnectionCounter(10, 2);
  assert.equal(counter.enter('2001:db8::1'), undefined);
  assert.equal(counter.enter('2001:db8::2'), undefined);
  assert.match(counter.enter('2001:db8:0:0:ffff::3') ?? '', /from there already$/);
  assert.equal(counter.enter('2001:db8:0:1::1'), undefined);
  counter.leave('2001:db8::2');
  assert.equal(counter.enter('2001:db8::3'), undefined);
});
