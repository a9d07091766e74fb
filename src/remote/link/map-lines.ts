import { layOutLinks, type MapArrow, type MapMachine } from './map-layout.ts';
import { HERE } from './place.ts';
import type { LinkReport } from './report-format.ts';

/** What a line is drawn with; a word in the list below says the same. */
const SIGNS: ReadonlyMap<string, string> = new Map([
  ['proven', '━'],
  ['listening', '─'],
  ['opening', '┄'],
  ['degraded', '╌'],
  ['lost', '╳'],
]);
/** Top, a row, the row with the name, bottom. */
const HUB = ['┌──────┐', '│      │', '│ here │', '└──────┘'] as const;
const LINE = 3;
const LONGEST_LABEL = 40;

/**
 * Pure: links as a picture for a terminal, with the numbers of `linkLines`: this machine in the middle, the others on both sides, a line for each
 * part of a way. Ways that do not pass here are told below it.
 */
export function mapLines(links: readonly LinkReport[]): string[] {
  if (links.length === 0) return [];
  const { machines, arrows } = layOutLinks(links);
  const [hub, ...others] = machines;
  if (hub === undefined || others.length === 0) return [];
  const [left, right] = [others.filter(({ x }) => x < hub.x), others.filter(({ x }) => x > hub.x)];
  const cells = Math.max(...arrows.map((arrow) => numberOf(arrow).length), 1);
  const [leftRows, rightRows] = [rowsOf(left, arrows, cells), rowsOf(right, arrows, cells)];
  const count = Math.max(leftRows.length, rightRows.length, 1);
  const width = Math.max(0, ...leftRows.map(([label]) => [...label].length));
  const gap = ' '.repeat(cells + 2 * LINE + 4);
  const [onLeft, onRight] = [centred(leftRows, count), centred(rightRows, count)];
  const rows = Array.from({ length: count }, (_, i) => {
    const [name = '', line = ''] = onLeft[i] ?? [];
    const [other = '', way = ''] = onRight[i] ?? [];
    const start = left.length === 0 ? '' : `${name.padStart(width)} ${line || gap} `;
    return `${start}${i === (count - 1) >> 1 ? HUB[2] : HUB[1]} ${way || gap} ${other}`.trimEnd();
  });
  const margin = left.length === 0 ? '' : ' '.repeat(width + gap.length + 2);
  return [`${margin}${HUB[0]}`, ...rows, `${margin}${HUB[3]}`, ...elsewhere(links)];
}

/** A machine's name and its first line; further lines of it have no name. */
type Row = readonly [string, string];

function rowsOf(side: readonly MapMachine[], arrows: readonly MapArrow[], cells: number): readonly Row[] {
  return side.flatMap(({ machine }): Row[] => {
    const own = arrows.filter(({ beside }) => beside === machine);
    if (own.length === 0) return [[shortName(machine), '']];
    return own.map((arrow, i) => [i === 0 ? shortName(machine) : '', lineOf(arrow, cells)]);
  });
}

function lineOf(arrow: MapArrow, cells: number): string {
  const sign = (SIGNS.get(arrow.state) ?? '?').repeat(LINE);
  const pointsLeft = arrow.to[0] < arrow.from[0];
  const number = numberOf(arrow)
    .padStart((cells + numberOf(arrow).length) >> 1)
    .padEnd(cells);
  return `${pointsLeft ? '◀' : ' '}${sign} ${number} ${sign}${pointsLeft ? ' ' : '▶'}`;
}

function numberOf({ links }: MapArrow): string {
  const numbers = links.map((link) => link + 1);
  return numbers.length > 3 ? `${numbers[0]}+${numbers.length - 1}` : numbers.join(',');
}

function shortName(machine: string): string {
  const letters = [...machine];
  return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL - 1).join('')}…` : machine;
}

/** The shorter side stands in the middle. */
function centred(rows: readonly Row[], count: number): readonly (Row | undefined)[] {
  const above = (count - rows.length) >> 1;
  return [...Array.from({ length: above }, () => undefined), ...rows];
}

function elsewhere(links: readonly LinkReport[]): string[] {
  const direct = links.flatMap(({ machines }, i) =>
    machines.length > 1 && !machines.includes(HERE) ? [`${i + 1}: ${machines.join(' → ')}`] : [],
  );
  return direct.length === 0 ? [] : [`not by way of here: ${direct.join(', ')}`];
}
