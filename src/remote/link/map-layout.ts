import { HERE } from './place.ts';
import type { LinkReport } from './report-format.ts';

/** A machine on a map. Lengths are in units of the picture; `x` and `y` are the box's upper left corner. */
export interface MapMachine {
  readonly machine: string;
  /** The name, cut so that it fits into the box. */
  readonly label: string;
  readonly isHere: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One part of a link's way, from one machine to the next. */
export interface MapArrow {
  /** Places in the list of links, from 0; more than one when there was no room for an arrow each. */
  readonly links: readonly number[];
  readonly state: string;
  /** The machine whose way from or to this one it is a part of; absent = it does not touch this machine. */
  readonly beside?: string | undefined;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** Where a bent arrow is bent; absent = it is straight. */
  readonly bend?: readonly [number, number] | undefined;
  /** Where its number stands. */
  readonly label: readonly [number, number];
}

/** Where everything stands. */
export interface MapLayout {
  readonly width: number;
  readonly height: number;
  /** This machine first: arrows between others may cross it, and are to be painted after it. */
  readonly machines: readonly MapMachine[];
  readonly arrows: readonly MapArrow[];
}

/** Columns of other machines: one beside this machine, for narrow screens, or one on each side. */
export type MapColumns = 1 | 2;

const BOX = { width: 156, height: 40, gap: 18, letters: 17 };
const HUB = { width: 70 };
/** Between this machine and a column, by the number of columns. */
const SPACES = { 1: 88, 2: 124 };
const MARGIN = 10;
/** Room of an arrow within its row, and the most that get one each. */
const LANE = 20;
const MOST_LANES = 6;
/** How far an arrow between two others stands out. */
const BULGE = 34;
const MOST_MACHINES = 100;

/**
 * Pure: links as a map. This machine is a tall box; every other one has a row beside it, so that each arrow is level and has a number of its own,
 * and any number of machines has room. Machines that connections come from stand on the left, those they go to on the right, as far as
 * both columns stay of about one length. At most 100 machines.
 */
export function layOutLinks(
  links: readonly Pick<LinkReport, 'machines' | 'state'>[],
  columns: MapColumns = 2,
): MapLayout {
  const hops = hopsOf(links);
  const byName = new Intl.Collator('en', { numeric: true }).compare;
  const others = [...new Set(links.flatMap(({ machines }) => machines))]
    .filter((machine) => machine !== HERE)
    .sort(byName)
    .slice(0, MOST_MACHINES);
  const space = SPACES[columns];
  const [left = [], right = []] =
    columns === 1 ? [[], others] : sidesOf(others, links).map((side) => side.sort(byName));
  const lanes = new Map(others.map((machine) => [machine, lanesOf(machine, hops)]));
  const rowOf = (machine: string) => Math.max(BOX.height, (lanes.get(machine)?.length ?? 0) * LANE);
  const lengthOf = (side: readonly string[]) =>
    side.reduce((sum, machine) => sum + rowOf(machine) + BOX.gap, -BOX.gap);
  const isAcross = hops.some(({ from, to }) => from !== HERE && to !== HERE);
  const edge = MARGIN + (isAcross ? BULGE : 0);
  const hubX = left.length > 0 ? edge + BOX.width + space : MARGIN;
  const length = Math.max(BOX.height + 16, lengthOf(left), lengthOf(right));
  const width =
    hubX + HUB.width + (right.length > 0 ? space + BOX.width + edge : left.length > 0 ? edge : MARGIN);
  const hub: MapMachine = {
    ...{ machine: HERE, label: HERE, isHere: true },
    ...{ x: hubX, y: MARGIN, width: HUB.width, height: length },
  };
  const place = (side: readonly string[], x: number): MapMachine[] => {
    // The shorter column stands in the middle.
    let y = MARGIN + (length - lengthOf(side)) / 2;
    return side.map((machine) => {
      const top = y;
      const height = rowOf(machine);
      y += height + BOX.gap;
      return { machine, label: cut(machine), isHere: false, x, y: top, width: BOX.width, height };
    });
  };
  const onLeft = place(left, edge);
  const onRight = place(right, hubX + HUB.width + space);
  const level = [...onLeft, ...onRight].flatMap((box) => levelArrows(box, hub, lanes.get(box.machine) ?? []));
  return {
    ...{ width, height: length + 2 * MARGIN, machines: [hub, ...onLeft, ...onRight] },
    arrows: [
      ...level,
      ...acrossArrows(onLeft, hops, -1),
      ...acrossArrows(onRight, hops, 1),
      ...between(onLeft, onRight, hops),
    ],
  };
}

interface Hop {
  readonly from: string;
  readonly to: string;
  readonly link: number;
  readonly state: string;
}

function hopsOf(links: readonly Pick<LinkReport, 'machines' | 'state'>[]): readonly Hop[] {
  return links.flatMap(({ machines, state }, link) =>
    machines.slice(1).map((to, i) => ({ from: machines[i] ?? '', to, link, state })),
  );
}

/** Sources left, goals right, then evened out. */
function sidesOf(
  others: readonly string[],
  links: readonly Pick<LinkReport, 'machines'>[],
): [string[], string[]] {
  const sources = new Set(links.map(({ machines }) => (machines.length > 1 ? machines[0] : undefined)));
  const left = others.filter((machine) => sources.has(machine));
  const right = others.filter((machine) => !sources.has(machine));
  while (left.length > right.length + 1) right.unshift(left.pop() ?? '');
  while (right.length > left.length + 1) left.push(right.shift() ?? '');
  return [left, right];
}

/** The arrows between a machine and this one: one each, what is more shares the last. */
function lanesOf(machine: string, hops: readonly Hop[]): readonly (readonly Hop[])[] {
  const own = hops.filter(
    ({ from, to }) => (from === machine && to === HERE) || (from === HERE && to === machine),
  );
  if (own.length <= MOST_LANES) return own.map((hop) => [hop]);
  const [rest, alone] = [own.slice(MOST_LANES - 1), own.slice(0, MOST_LANES - 1)];
  return [...alone.map((hop) => [hop]), rest];
}

function levelArrows(box: MapMachine, hub: MapMachine, lanes: readonly (readonly Hop[])[]): MapArrow[] {
  const isLeft = box.x < hub.x;
  const near = isLeft ? box.x + box.width : box.x;
  const atHub = isLeft ? hub.x : hub.x + hub.width;
  return lanes.flatMap((lane, i) => {
    const [hop] = lane;
    if (hop === undefined) return [];
    const y = box.y + box.height / 2 + (i - (lanes.length - 1) / 2) * LANE;
    const ends: [readonly [number, number], readonly [number, number]] = [
      [near, y],
      [atHub, y],
    ];
    const [from, to] = hop.from === HERE ? [ends[1], ends[0]] : ends;
    return [
      {
        links: lane.map(({ link }) => link),
        state: worst(lane),
        beside: box.machine,
        from,
        to,
        label: [(near + atHub) / 2, y] as const,
      },
    ];
  });
}

/** Arrows between two machines of one column, bent round the outside. */
function acrossArrows(boxes: readonly MapMachine[], hops: readonly Hop[], side: 1 | -1): MapArrow[] {
  const at = new Map(boxes.map((box) => [box.machine, box]));
  return grouped(hops).flatMap((lane) => {
    const [hop] = lane;
    const [a, b] = [at.get(hop?.from ?? ''), at.get(hop?.to ?? '')];
    if (hop === undefined || a === undefined || b === undefined || a === b) return [];
    const x = side === 1 ? a.x + a.width : a.x;
    const [y1, y2] = [a.y + a.height * 0.65, b.y + b.height * 0.35];
    const out = x + side * (BULGE + 10);
    return [
      {
        ...{
          links: lane.map(({ link }) => link),
          state: worst(lane),
          from: [x, y1] as const,
          to: [x, y2] as const,
        },
        ...{
          bend: [out, (y1 + y2) / 2] as const,
          label: [x + (side * (BULGE + 10)) / 2, (y1 + y2) / 2] as const,
        },
      },
    ];
  });
}

/** Arrows from one column to the other, behind this machine. */
function between(
  left: readonly MapMachine[],
  right: readonly MapMachine[],
  hops: readonly Hop[],
): MapArrow[] {
  const at = new Map([...left, ...right].map((box) => [box.machine, box]));
  return grouped(hops).flatMap((lane) => {
    const [hop] = lane;
    const [a, b] = [at.get(hop?.from ?? ''), at.get(hop?.to ?? '')];
    if (hop === undefined || a === undefined || b === undefined || a.x === b.x) return [];
    const isForward = a.x < b.x;
    const from = [isForward ? a.x + a.width : a.x, a.y + a.height * 0.8] as const;
    const to = [isForward ? b.x : b.x + b.width, b.y + b.height * 0.8] as const;
    const label = [from[0] + (to[0] - from[0]) * 0.15, from[1] + (to[1] - from[1]) * 0.15] as const;
    return [{ links: lane.map(({ link }) => link), state: worst(lane), from, to, label }];
  });
}

/** Parts of ways that do not touch this machine, those with the same two ends and direction together. */
function grouped(hops: readonly Hop[]): readonly (readonly Hop[])[] {
  const groups = new Map<string, Hop[]>();
  for (const hop of hops) {
    if (hop.from === HERE || hop.to === HERE) continue;
    const key = JSON.stringify([hop.from, hop.to]);
    groups.set(key, [...(groups.get(key) ?? []), hop]);
  }
  return [...groups.values()];
}

const WORST_FIRST = ['lost', 'degraded', 'opening', 'closed', 'listening', 'proven'];

function worst(lane: readonly Hop[]): string {
  const states = new Set(lane.map(({ state }) => state));
  return WORST_FIRST.find((state) => states.has(state)) ?? lane[0]?.state ?? '';
}

/** The end of a long name tells machines of one site apart less than its beginning, and user and port less than the name. */
function cut(machine: string): string {
  const isLong = machine.length > BOX.letters;
  const letters = [...(isLong ? machine.replace(/^[^@]*@(?=.)|:\d+$/g, '') : machine)];
  return letters.length > BOX.letters
    ? `${letters
        .slice(0, BOX.letters - 1)
        .join('')
        .replace(/\.$/, '')}…`
    : letters.join('');
}
