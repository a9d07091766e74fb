// A rectangle cut into equal quadrilaterals: bilinear shape functions, 2 x 2 Gauss points.

/** Edges are numbered as in the input files: 1 bottom, 2 right, 3 top, 4 left. */
export type Edge = 1 | 2 | 3 | 4;

/** `sizeX` x `sizeY` metres, `cellsX` x `cellsY` cells; vertices are numbered row by row from the lower left corner. */
export interface Grid {
  readonly sizeX: number;
  readonly sizeY: number;
  readonly cellsX: number;
  readonly cellsY: number;
}

/** Shape functions and their derivatives by x and y, at one point of one cell, with the point's share of the area (m2). */
export interface GaussPoint {
  readonly x: number;
  readonly y: number;
  readonly area: number;
  readonly shape: readonly number[];
  readonly byX: readonly number[];
  readonly byY: readonly number[];
}

const GAUSS = [-1 / Math.sqrt(3), 1 / Math.sqrt(3)];

export function vertexCount(grid: Grid): number {
  return (grid.cellsX + 1) * (grid.cellsY + 1);
}

export function vertexAt(grid: Grid, column: number, row: number): number {
  return row * (grid.cellsX + 1) + column;
}

export function position(grid: Grid, vertex: number): readonly [x: number, y: number] {
  const columns = grid.cellsX + 1;
  const row = Math.floor(vertex / columns);
  return [((vertex % columns) * grid.sizeX) / grid.cellsX, (row * grid.sizeY) / grid.cellsY];
}

/** The cells, each as its four vertices, counter-clockwise from the lower left. */
export function cells(grid: Grid): (readonly number[])[] {
  return Array.from({ length: grid.cellsX * grid.cellsY }, (_, cell) => {
    const first = vertexAt(grid, cell % grid.cellsX, Math.floor(cell / grid.cellsX));
    return [first, first + 1, first + grid.cellsX + 2, first + grid.cellsX + 1];
  });
}

export function verticesOn(grid: Grid, edge: Edge): number[] {
  const along = edge === 1 || edge === 3 ? grid.cellsX : grid.cellsY;
  return Array.from({ length: along + 1 }, (_, i) => {
    if (edge === 1) return vertexAt(grid, i, 0);
    if (edge === 2) return vertexAt(grid, grid.cellsX, i);
    if (edge === 3) return vertexAt(grid, i, grid.cellsY);
    return vertexAt(grid, 0, i);
  });
}

/** The four Gauss points of the cell with these vertices. */
export function gaussPoints(grid: Grid, cell: readonly number[]): GaussPoint[] {
  const [left, bottom] = position(grid, cell[0] ?? 0);
  const width = grid.sizeX / grid.cellsX;
  const height = grid.sizeY / grid.cellsY;
  return GAUSS.flatMap((eta) =>
    GAUSS.map((xi) => {
      const u = (1 + xi) / 2;
      const v = (1 + eta) / 2;
      return {
        x: left + u * width,
        y: bottom + v * height,
        area: (width * height) / 4,
        shape: bilinear(u, v),
        byX: [-(1 - v) / width, (1 - v) / width, v / width, -v / width],
        byY: [-(1 - u) / height, -u / height, u / height, (1 - u) / height],
      };
    }),
  );
}

/** The value of a field given at the vertices, at any point of the rectangle (one outside is taken to its border). */
export function interpolate(grid: Grid, values: readonly number[], x: number, y: number): number {
  const across = (within(x, grid.sizeX) * grid.cellsX) / grid.sizeX;
  const up = (within(y, grid.sizeY) * grid.cellsY) / grid.sizeY;
  const column = Math.min(Math.floor(across), grid.cellsX - 1);
  const row = Math.min(Math.floor(up), grid.cellsY - 1);
  const first = vertexAt(grid, column, row);
  const corners = [first, first + 1, first + grid.cellsX + 2, first + grid.cellsX + 1];
  const shape = bilinear(across - column, up - row);
  return corners.reduce((sum, vertex, i) => sum + (shape[i] ?? 0) * (values[vertex] ?? 0), 0);
}

function bilinear(u: number, v: number): readonly number[] {
  return [(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v];
}

function within(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size);
}
