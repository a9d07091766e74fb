import type { LinkReport } from './link-report.ts';
import { HERE } from './place.ts';

/** What a state looks like, as a word needs no colour to be read. */
const LOOKS: Readonly<
  Record<string, { readonly sign: string; readonly colour: string; readonly dash: string }>
> = {
  proven: { sign: '━━▶', colour: '#1a7f37', dash: '' },
  listening: { sign: '──▶', colour: '#4d6b8a', dash: '' },
  opening: { sign: '┄┄▶', colour: '#7d7d7d', dash: '2 4' },
  degraded: { sign: '╌╌▷', colour: '#b35900', dash: '7 4' },
  lost: { sign: '─╳─', colour: '#c62828', dash: '3 4' },
};
const UNKNOWN = { sign: ' ? ', colour: '#7d7d7d', dash: '2 4' };

/** Links for a terminal, a line each: `mechanical ━━▶ here ━━▶ thermal   proven   /run/…/l1 → /run/…/model`. */
export function linkLines(links: readonly LinkReport[]): string[] {
  const ways = links.map(({ machines, state }) => machines.join(` ${(LOOKS[state] ?? UNKNOWN).sign} `));
  const width = Math.max(0, ...ways.map((way) => [...way].length));
  return links.flatMap(({ state, from, to, cause, isShared }, i) => {
    const way = ways[i] ?? '';
    const line = `${way}${' '.repeat(width - [...way].length)}   ${state.padEnd(9)}  ${from} → ${to}${isShared ? '  (open to other accounts there)' : ''}`;
    return cause === undefined ? [line] : [line, `  ${cause}`];
  });
}

const SIZE = { width: 760, height: 420, ring: 150, box: 132, boxHeight: 44 };

/** Links as a picture: this machine in the middle, the others round it, an arrow for each part of a way. */
export function drawLinks(links: readonly LinkReport[]): string {
  const machines = [...new Set(links.flatMap((link) => link.machines))]
    .filter((machine) => machine !== HERE)
    .sort();
  const places = new Map<string, readonly [number, number]>([[HERE, [SIZE.width / 2, SIZE.height / 2]]]);
  machines.forEach((machine, i) => {
    const angle = Math.PI * (1 + (2 * i) / machines.length);
    places.set(machine, [
      SIZE.width / 2 + Math.cos(angle) * SIZE.ring * 1.7,
      SIZE.height / 2 + Math.sin(angle) * SIZE.ring,
    ]);
  });
  const hops = links.flatMap(({ machines: passed, state, id }) =>
    passed.slice(1).map((to, i) => ({ from: passed[i] ?? '', to, state, id })),
  );
  const seen = new Map<string, number>();
  const arrows = hops.map(({ from, to, state, id }) => {
    const pair = [from, to].sort().join(' ');
    const nth = seen.get(pair) ?? 0;
    seen.set(pair, nth + 1);
    return arrow(places.get(from) ?? [0, 0], places.get(to) ?? [0, 0], nth, from < to, state, id);
  });
  const boxes = [...places].map(([machine, at]) => box(machine, at));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="13" role="img" aria-label="links between machines">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...Object.entries(LOOKS).map(([state, { colour }]) => head(state, colour)),
    ...arrows,
    ...boxes,
    legend(links),
    '</svg>\n',
  ].join('\n');
}

function arrow(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  nth: number,
  isForward: boolean,
  state: string,
  id: number,
): string {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  // Several ways between the same two are side by side: each keeps to its own distance from the middle line.
  const side = (nth % 2 === 0 ? 1 : -1) * (9 + 14 * Math.floor(nth / 2)) * (isForward ? 1 : -1);
  const [dx, dy] = [(-(y2 - y1) / length) * side, ((x2 - x1) / length) * side];
  const ends = [border([x1, y1], [x2, y2]), border([x2, y2], [x1, y1])] as const;
  const [from, to] = ends.map(([x, y]) => [x + dx, y + dy]) as [[number, number], [number, number]];
  const { colour, dash } = LOOKS[state] ?? UNKNOWN;
  const known = state in LOOKS ? state : 'opening';
  return (
    `<path d="M${point(from)} L${point(to)}" stroke="${colour}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''} marker-end="url(#to-${known})" fill="none"/>` +
    `<text x="${((from[0] + to[0]) / 2 + dx * 0.9).toFixed(1)}" y="${((from[1] + to[1]) / 2 + dy * 0.9 + 4).toFixed(1)}" fill="${colour}" text-anchor="middle">${id}</text>`
  );
}

/** Where a line from one box's middle to another's leaves the first. */
function border(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
): readonly [number, number] {
  const [halfWidth, halfHeight] = [SIZE.box / 2 + 6, SIZE.boxHeight / 2 + 6];
  const [dx, dy] = [x2 - x1, y2 - y1];
  const part = Math.min(
    dx === 0 ? 1 : halfWidth / Math.abs(dx),
    dy === 0 ? 1 : halfHeight / Math.abs(dy),
    0.5,
  );
  return [x1 + dx * part, y1 + dy * part];
}

function box(machine: string, [x, y]: readonly [number, number]): string {
  const isHere = machine === HERE;
  const label = machine.length > 16 ? `${machine.slice(0, 15)}…` : machine;
  return (
    `<g><title>${escaped(machine)}</title>` +
    `<rect x="${(x - SIZE.box / 2).toFixed(1)}" y="${(y - SIZE.boxHeight / 2).toFixed(1)}" width="${SIZE.box}" height="${SIZE.boxHeight}" rx="8" fill="${isHere ? '#eef4ff' : '#fafafa'}" stroke="${isHere ? '#2f6fde' : '#8a8a8a'}"/>` +
    `<text x="${x.toFixed(1)}" y="${(y + 5).toFixed(1)}" text-anchor="middle" fill="#222">${escaped(label)}</text></g>`
  );
}

function legend(links: readonly LinkReport[]): string {
  const states = [...new Set(links.map(({ state }) => state))].sort();
  const texts = states.map((state, i) => {
    const { colour } = LOOKS[state] ?? UNKNOWN;
    const count = links.filter((link) => link.state === state).length;
    return `<text x="${20 + i * 130}" y="24" fill="${colour}">${escaped(state)}: ${count}</text>`;
  });
  return texts.length === 0 ? '<text x="20" y="24" fill="#555">no links</text>' : texts.join('');
}

function head(state: string, colour: string): string {
  return `<marker id="to-${state}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="${colour}"/></marker>`;
}

function point([x, y]: readonly [number, number]): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
