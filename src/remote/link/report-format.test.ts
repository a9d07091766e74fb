import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LinksReport, parseLinksReport } from './report-format.ts';

const LINK = {
  ...{ id: 1, machines: ['here', 'thermal'], from: '/run/l1', to: '127.0.0.1:3300', state: 'proven' },
  ...{ since: '2026-12-01T00:00:00.000Z', isShared: false },
};
const report = (links: unknown, more: object = {}) =>
  parseLinksReport(JSON.stringify({ pid: 7, name: 'coupling', links, ...more }));

test('a report comes back as it was told', () => {
  const told: LinksReport = {
    ...{ pid: 7, name: 'coupling' },
    links: [{ ...LINK, cause: 'cut', remedy: 'wait', provenAt: '2026-12-01T00:00:01.000Z' }],
  };
  assert.deepEqual(parseLinksReport(JSON.stringify(told)), told);
});

test('what is no report is none', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{"pid":-1,"name":"x","links":[]}',
    '{"pid":1,"name":7,"links":[]}',
  ])
    assert.equal(parseLinksReport(text), undefined, text);
  assert.equal(report('many'), undefined);
});

test('a link of the wrong shape is left out, the others stay', () => {
  const wrong = [
    ...[
      null,
      7,
      {},
      { ...LINK, machines: [] },
      { ...LINK, machines: ['here', 7] },
      { ...LINK, state: undefined },
    ],
    ...[
      { ...LINK, id: 1.5 },
      { ...LINK, since: 'yesterday' },
      { ...LINK, from: {} },
    ],
  ];
  assert.deepEqual(report([...wrong, LINK])?.links, [LINK]);
});

test('texts are cut, and cannot steer a terminal or turn the direction of writing', () => {
  const [link] =
    report([
      { ...LINK, machines: ['here', 'n'.repeat(9_000)], cause: '\u001b[2Jx\u202e\n', state: 's'.repeat(99) },
    ])?.links ?? [];
  assert.equal(link?.machines[1]?.length, 255);
  assert.equal(link?.cause, '?[2Jx??');
  assert.equal(link?.state.length, 20);
});

test('counts are bounded', () => {
  assert.equal(report(Array.from({ length: 1_000 }, () => LINK))?.links.length, 200);
  assert.equal(
    report([{ ...LINK, machines: Array.from({ length: 99 }, () => 'm') }])?.links[0]?.machines.length,
    8,
  );
});
