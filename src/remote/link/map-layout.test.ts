import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOutLinks, type MapColumns, type MapMachine } from './map-layout.ts';

const links = (...ways: readonly (readonly string[])[]) =>
  ways.map((machines) => ({ machines, state: 'proven' }));

for (const columns of [1, 2] as const) {
  test(`no box covers another and none stands outside, however many there are: columns ${columns}`, () => {
    for (const count of [1, 3, 12, 60]) {
      const many = links(...Array.from({ length: count }, (_, n) => ['here', `node-${n}`]), [
        'node-0',
        'here',
        'node-1',
      ]);
      const { width, height, machines } = layOutLinks(many, columns as MapColumns);
      for (const [i, one] of machines.entries()) {
        assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height);
        for (const other of machines.slice(i + 1))
          assert.ok(!overlaps(one, other), `${one.machine}, ${other.machine}`);
      }
    }
  });
}

test('machines that connections come from stand left, those they go to right, evened out when one side is long', () => {
  const sides = (...ways: readonly (readonly string[])[]) => {
    const { machines } = layOutLinks(links(...ways));
    const hub = machines.find(({ isHere }) => isHere)?.x ?? 0;
    return machines
      .filter(({ isHere }) => !isHere)
      .map(({ machine, x }) => `${machine} ${x < hub ? 'left' : 'right'}`);
  };
  assert.deepEqual(sides(['mechanical', 'here', 'thermal']), ['mechanical left', 'thermal right']);
  const many = Array.from({ length: 12 }, (_, n) => ['here', `n${n}`]);
  assert.equal(sides(...many).filter((side) => side.endsWith('left')).length, 6);
  const sources = many.map(([here = '', name = '']) => [name, here]);
  assert.equal(sides(...sources).filter((side) => side.endsWith('left')).length, 6);
});

test('numbers in names count as numbers', () => {
  const { machines } = layOutLinks(links(['here', 'n10'], ['here', 'n9'], ['here', 'n1']), 1);
  assert.deepEqual(
    machines.map(({ machine }) => machine),
    ['here', 'n1', 'n9', 'n10'],
  );
});

test('many ways between the same two share an arrow in the end, in the worst of their states; none is left out', () => {
  const ways = Array.from({ length: 9 }, (_, n) => ({
    machines: ['here', 'busy'],
    state: n === 8 ? 'lost' : 'proven',
  }));
  const { arrows } = layOutLinks(ways);
  assert.deepEqual(
    arrows.flatMap((arrow) => arrow.links),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(arrows.length, 6);
  assert.equal(arrows.at(-1)?.state, 'lost');
});

test('a way that does not pass here has its arrow, whatever the columns', () => {
  for (const columns of [1, 2] as const) {
    const { arrows } = layOutLinks(links(['a', 'b'], ['here', 'c'], ['b', 'a']), columns);
    assert.deepEqual(arrows.map((arrow) => arrow.links).sort(), [[0], [1], [2]]);
  }
});

test('of a long name user and port go first', () => {
  const [, machine] = layOutLinks(links(['here', 'jane@thermal.example.org:2222']), 1).machines;
  assert.equal(machine?.label, 'thermal.example…');
  assert.equal(layOutLinks(links(['here', 'jane@thermal:22']), 1).machines[1]?.label, 'jane@thermal:22');
});

function overlaps(a: MapMachine, b: MapMachine): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
