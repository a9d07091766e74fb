import { layOutLinks, type MapArrow, type MapMachine } from './map-layout.ts';
import type { LinkReport } from './report-format.ts';

/** What a state looks like, as a word needs no colour to be read. */
const LOOKS: Readonly<
  Record<string, { readonly sign: string; readonly colour: string; readonly dash: string }>
> = {
  proven: { sign: '━━▶', colour: '#1a7f37', dash: '' },
  listening: { sign: '──▶', colour: '#4d6b8a', dash: '' },
  opening: { sign: '┄┄▶', colour: '#6b6b6b', dash: '2 4' },
  degraded: { sign: '╌╌▷', colour: '#a04a00', dash: '7 4' },
  lost: { sign: '─╳─', colour: '#c62828', dash: '3 4' },
};
const UNKNOWN = { sign: ' ? ', colour: '#6b6b6b', dash: '2 4' };

/** A state comes from a file: it may be the name of anything. */
function lookOf(state: string): typeof UNKNOWN {
  return (Object.hasOwn(LOOKS, state) ? LOOKS[state] : undefined) ?? UNKNOWN;
}

/**
 * Links for a terminal, a line each, with the number that the picture gives it: `1  mechanical ━━▶ here ━━▶ thermal   proven   /run/…/l1 → /run/…/model`.
 * A cause and its remedy are lines of their own.
 *
 * @param first the number of the first one
 */
export function linkLines(links: readonly LinkReport[], first = 1): string[] {
  const ways = links.map(({ machines, state }) => machines.join(` ${lookOf(state).sign} `));
  const width = Math.max(0, ...ways.map((way) => [...way].length));
  const digits = String(first + links.length - 1).length;
  return links.flatMap(({ state, from, to, cause, remedy, isShared }, i) => {
    const way = ways[i] ?? '';
    const line = `${String(first + i).padStart(digits)}  ${way}${' '.repeat(width - [...way].length)}   ${state.padEnd(9)}  ${from} → ${to}${isShared ? '  (open to other accounts there)' : ''}`;
    const margin = ' '.repeat(digits + 2);
    return [
      line,
      ...(cause === undefined ? [] : [`${margin}${cause}`]),
      ...(remedy === undefined ? [] : [`${margin}hint: ${remedy}`]),
    ];
  });
}

const LEGEND = { height: 30, step: 104, left: 14 };

/** Links as a picture: this machine in the middle, the others beside it, an arrow for each part of a way with the link's number. */
export function drawLinks(links: readonly LinkReport[]): string {
  const { width, height, machines, arrows } = layOutLinks(links);
  const states = [...new Set(links.map(({ state }) => state))].sort();
  const whole = Math.max(width, LEGEND.left * 2 + LEGEND.step * Math.max(1, states.length));
  const size = `${whole} ${height + LEGEND.height}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" width="${whole}" height="${height + LEGEND.height}" font-family="sans-serif" font-size="13" role="img" aria-label="links between machines">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...Object.entries(LOOKS).map(([state, { colour }]) => head(state, colour)),
    legend(links, states),
    `<g transform="translate(${(whole - width) / 2} ${LEGEND.height})">`,
    ...machines.slice(0, 1).map(box),
    ...arrows.map(arrow),
    ...machines.slice(1).map(box),
    '</g>',
    '</svg>\n',
  ].join('\n');
}

function arrow({ links, state, from, to, bend, label: [x, y] }: MapArrow): string {
  const { colour, dash } = lookOf(state);
  const known = Object.hasOwn(LOOKS, state) ? state : 'opening';
  const way = bend === undefined ? `L${point(to)}` : `Q${point(bend)} ${point(to)}`;
  const name = `${state === 'lost' ? '✕ ' : ''}${arrowLabel(links)}`;
  const half = 5 + name.length * 4;
  return (
    `<path d="M${point(from)} ${way}" stroke="${colour}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''} marker-end="url(#to-${known})" fill="none"/>` +
    `<rect x="${x - half}" y="${y - 8}" width="${2 * half}" height="16" rx="8" fill="#fff"/>` +
    `<text x="${x}" y="${y + 4.5}" fill="${colour}" text-anchor="middle">${name}</text>`
  );
}

/** The numbers of the links on one arrow: `3`, `3, 4`, `3 + 5 more`. */
function arrowLabel(links: readonly number[]): string {
  const numbers = links.map((link) => link + 1);
  return numbers.length > 3 ? `${numbers[0]} + ${numbers.length - 1} more` : numbers.join(', ');
}

function box({ machine, label, isHere, x, y, width, height }: MapMachine): string {
  return (
    `<g><title>${escaped(machine)}</title>` +
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${isHere ? '#eef4ff' : '#fafafa'}" stroke="${isHere ? '#2f6fde' : '#8a8a8a'}"/>` +
    `<text x="${x + width / 2}" y="${y + height / 2 + 4.5}" text-anchor="middle" fill="#222">${escaped(label)}</text></g>`
  );
}

function legend(links: readonly LinkReport[], states: readonly string[]): string {
  if (states.length === 0) return `<text x="${LEGEND.left}" y="20" fill="#555">no links</text>`;
  return states
    .map((state, i) => {
      const { colour } = lookOf(state);
      const count = links.filter((link) => link.state === state).length;
      return `<text x="${LEGEND.left + i * LEGEND.step}" y="20" fill="${colour}">${escaped(state)}: ${count}</text>`;
    })
    .join('');
}

function head(state: string, colour: string): string {
  return `<marker id="to-${state}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L10 5L0 10z" fill="${colour}"/></marker>`;
}

function point([x, y]: readonly [number, number]): string {
  return `${x} ${y}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
