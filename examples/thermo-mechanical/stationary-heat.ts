// Stationary heat conduction in a rectangle (conductivity 1 W/m/K): the equations of the thermal model.
import { Equations } from './equations.ts';
import { cells, gaussPoints, position, vertexCount, verticesOn } from './grid.ts';
import type { ThermalInput } from './input-file.ts';

/** Temperatures at the vertices, degrees Celsius. */
export function solveHeat(input: ThermalInput): {
  readonly temperatures: number[];
  readonly unknowns: number;
} {
  const { grid, edges } = input;
  const equations = new Equations(vertexCount(grid));
  for (const cell of cells(grid)) {
    for (const point of gaussPoints(grid, cell)) {
      cell.forEach((row, i) => {
        cell.forEach((column, j) => {
          const gradient =
            (point.byX[i] ?? 0) * (point.byX[j] ?? 0) + (point.byY[i] ?? 0) * (point.byY[j] ?? 0);
          equations.addToMatrix(row, column, gradient * point.area);
        });
      });
    }
  }
  for (const [edge, boundary] of edges) {
    const vertices = verticesOn(grid, edge);
    if (boundary.kind === 'C')
      addConvection(equations, input, vertices, boundary.ambient, boundary.coefficient);
    if (boundary.kind === 'D') for (const vertex of vertices) equations.prescribe(vertex, boundary.value);
  }
  return { temperatures: equations.solve(), unknowns: equations.unknowns };
}

function addConvection(
  equations: Equations,
  { grid }: ThermalInput,
  vertices: readonly number[],
  ambient: number,
  coefficient: number,
): void {
  for (let i = 1; i < vertices.length; i += 1) {
    const ends = [vertices[i - 1] as number, vertices[i] as number];
    const [from, to] = ends.map((vertex) => position(grid, vertex)) as [
      readonly [number, number],
      readonly [number, number],
    ];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    for (const row of ends) {
      equations.addToRight(row, (coefficient * ambient * length) / 2);
      for (const column of ends) {
        equations.addToMatrix(row, column, (coefficient * length) / (row === column ? 3 : 6));
      }
    }
  }
}
