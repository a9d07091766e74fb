import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapLines } from './map-lines.ts';
import type { LinkReport } from './report-format.ts';

const link = (machines: readonly string[], state = 'proven'): LinkReport => ({
  ...{ id: 1, machines, from: '/run/l1', to: '127.0.0.1:3300', state },
  ...{ since: '2026-12-01T00:00:00.000Z', isShared: false },
});

test('a picture for a terminal: this machine in the middle, a line for each part of a way, with its number', () => {
  const links = [
    ...[link(['here', 'thermal']), link(['here', 'mechanical'], 'degraded')],
    ...[link(['mechanical', 'here', 'thermal'], 'lost'), link(['storage', 'here'], 'opening')],
  ];
  assert.deepEqual(mapLines(links), [
    '                       ┌──────┐',
    'mechanical ◀╌╌╌ 2 ╌╌╌  │      │  ━━━ 1 ━━━▶ thermal',
    '            ╳╳╳ 3 ╳╳╳▶ │ here │  ╳╳╳ 3 ╳╳╳▶',
    '   storage  ┄┄┄ 4 ┄┄┄▶ │      │',
    '                       └──────┘',
  ]);
});

test('one machine is on the right, and a way that does not pass here is told below', () => {
  assert.deepEqual(mapLines([link(['here', 'thermal'], 'constructor'), link(['a', 'b'])]).slice(-1), [
    'not by way of here: 2: a → b',
  ]);
  assert.equal(mapLines([link(['here', 'thermal'], 'constructor')])[1], '│ here │  ??? 1 ???▶ thermal');
});

test('nothing to draw draws nothing', () => {
  assert.deepEqual(mapLines([]), []);
  assert.deepEqual(mapLines([link(['here'])]), []);
});
