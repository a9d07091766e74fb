// Fields drawn as SVG: a colour a cell, the mesh where it went, and a scale with units.
import { cells, type Grid, position, vertexCount } from './grid.ts';

export interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly grid: Grid;
  /** What the colour shows, one value a vertex. */
  readonly values: readonly number[];
  /** How far each vertex moved, metres; drawn `exaggerated` times as large. */
  readonly displacements?: readonly (readonly [number, number, number])[];
  readonly exaggerated?: number;
}

const WIDTH = 860;
const MARGIN = { left: 40, right: 130, top: 56, bottom: 34 };
/** From cold to warm; even steps look even, also to people who see no red or green. */
const COLOURS = [
  [13, 8, 135],
  [84, 2, 163],
  [139, 10, 165],
  [185, 50, 137],
  [219, 92, 104],
  [244, 136, 73],
  [254, 188, 43],
  [240, 249, 33],
] as const;
const SHADES = 6;

export function drawField(plot: Plot): string {
  const { grid, values, displacements = [], exaggerated = 1 } = plot;
  const moved = Array.from({ length: vertexCount(grid) }, (_, vertex) => {
    const [x, y] = position(grid, vertex);
    const [dx, dy] = displacements[vertex] ?? [0, 0, 0];
    return [x + dx * exaggerated, y + dy * exaggerated] as const;
  });
  const [left, right] = range(moved.map(([x]) => x));
  const [bottom, top] = range(moved.map(([, y]) => y));
  const scale = (WIDTH - MARGIN.left - MARGIN.right) / (right - left);
  const height = (top - bottom) * scale + MARGIN.top + MARGIN.bottom;
  const place = ([x, y]: readonly [number, number]) =>
    [MARGIN.left + (x - left) * scale, height - MARGIN.bottom - (y - bottom) * scale] as const;
  const extremes = range(values);
  const patches = cells(grid).flatMap((cell) => {
    const corners = cell.map((vertex) => place(moved[vertex] as readonly [number, number]));
    return shaded(
      corners,
      cell.map((vertex) => values[vertex] ?? 0),
      extremes,
    );
  });
  const outlines = cells(grid).map((cell) => {
    const points = cell.map((vertex) => format(place(moved[vertex] as readonly [number, number])));
    return `<polygon points="${points.join(' ')}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height.toFixed(0)}" font-family="sans-serif" role="img" aria-label="${plot.title}">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="32" font-size="18" fill="#222">${plot.title}</text>`,
    `<g stroke="none" shape-rendering="crispEdges">${patches.join('')}</g>`,
    `<g fill="none" stroke="#fff" stroke-opacity=".45" stroke-width=".7">${outlines.join('')}</g>`,
    legend(extremes, plot.unit, height),
    '</svg>\n',
  ].join('\n');
}

/** One cell as small patches of one colour each, the value between its corners taken bilinearly. */
function shaded(
  corners: readonly (readonly [number, number])[],
  values: readonly number[],
  extremes: readonly [number, number],
): string[] {
  const between = (u: number, v: number, of: readonly number[]) =>
    (1 - v) * ((1 - u) * (of[0] ?? 0) + u * (of[1] ?? 0)) + v * ((1 - u) * (of[3] ?? 0) + u * (of[2] ?? 0));
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const point = (u: number, v: number) => format([between(u, v, xs), between(u, v, ys)]);
  const step = 1 / SHADES;
  return Array.from({ length: SHADES * SHADES }, (_, patch) => {
    const u = (patch % SHADES) * step;
    const v = Math.floor(patch / SHADES) * step;
    const points = [point(u, v), point(u + step, v), point(u + step, v + step), point(u, v + step)];
    return `<polygon points="${points.join(' ')}" fill="${colour(between(u + step / 2, v + step / 2, values), extremes)}"/>`;
  });
}

function legend([least, most]: readonly [number, number], unit: string, height: number): string {
  const x = WIDTH - MARGIN.right + 24;
  const tall = height - MARGIN.top - MARGIN.bottom;
  const steps = 40;
  const bars = Array.from({ length: steps }, (_, i) => {
    const value = least + ((i + 0.5) / steps) * (most - least);
    const y = height - MARGIN.bottom - ((i + 1) / steps) * tall;
    return `<rect x="${x}" y="${y.toFixed(1)}" width="16" height="${(tall / steps + 0.5).toFixed(1)}" fill="${colour(value, [least, most])}"/>`;
  });
  const labels = [least, (least + most) / 2, most].map((value, i) => {
    const y = height - MARGIN.bottom - (i / 2) * tall + 4;
    return `<text x="${x + 22}" y="${y.toFixed(1)}">${Number(value.toPrecision(3))} ${unit}</text>`;
  });
  return `<g font-size="12" fill="#222">${bars.join('')}${labels.join('')}</g>`;
}

function colour(value: number, [least, most]: readonly [number, number]): string {
  const at = (most > least ? (value - least) / (most - least) : 0) * (COLOURS.length - 1);
  const index = Math.min(Math.max(Math.floor(at), 0), COLOURS.length - 2);
  const [from, to] = [COLOURS[index], COLOURS[index + 1]] as [readonly number[], readonly number[]];
  const mixed = from.map((part, i) => Math.round(part + (at - index) * ((to[i] ?? 0) - part)));
  return `rgb(${mixed.join(',')})`;
}

function range(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function format([x, y]: readonly [number, number]): string {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}
