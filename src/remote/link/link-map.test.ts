import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawLinks, linkLines } from './link-map.ts';
import type { LinkReport } from './report-format.ts';

const link = (more: Partial<LinkReport>): LinkReport => ({
  ...{ id: 1, machines: ['here', 'thermal'], from: '/run/l1', to: '127.0.0.1:3300' },
  ...{ state: 'proven', since: '2026-12-01T00:00:00.000Z', isShared: false },
  ...more,
});

test('a link is a line with its number, its way, its state and its ends; cause and remedy are lines of their own', () => {
  const relay = { id: 2, machines: ['mechanical', 'here', 'thermal'], state: 'lost', cause: 'cut' };
  assert.deepEqual(linkLines([link({}), link({ ...relay, isShared: true, remedy: 'mend it' })]), [
    '1  here ━━▶ thermal                  proven     /run/l1 → 127.0.0.1:3300',
    '2  mechanical ─╳─ here ─╳─ thermal   lost       /run/l1 → 127.0.0.1:3300  (open to other accounts there)',
    '   cut',
    '   hint: mend it',
  ]);
  assert.deepEqual(linkLines([]), []);
  const [nine = '', ten = ''] = linkLines([link({}), link({})], 9);
  assert.deepEqual([nine.slice(0, 8), ten.slice(0, 8)], [' 9  here', '10  here']);
});

test('the picture has each machine once and an arrow for each part of a way', () => {
  const picture = drawLinks([link({}), link({ id: 2, machines: ['mechanical', 'here', 'thermal'] })]);
  assert.equal(picture.match(/<title>/g)?.length, 3);
  assert.equal(picture.match(/<path d="M[\d.]+ [\d.]+ L/g)?.length, 3);
  assert.match(picture, />proven: 2</);
  assert.doesNotMatch(picture, /NaN|undefined/);
});

test('names from elsewhere are text in the picture, and a state that is not known draws, too', () => {
  for (const state of ['odd<', 'constructor', '__proto__']) {
    const picture = drawLinks([link({ machines: ['here', '<script>"&'], state })]);
    assert.doesNotMatch(picture, /<script>|odd</);
    assert.doesNotMatch(picture, /NaN|undefined|function/);
  }
});

test('no links is said', () => {
  assert.match(drawLinks([]), /no links/);
});
