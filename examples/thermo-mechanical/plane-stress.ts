// Plane stress elasticity of a rectangle that its own temperature stretches: the equations of the mechanical model.
import { Equations } from './equations.ts';
import { cells, type GaussPoint, gaussPoints, vertexCount, verticesOn } from './grid.ts';
import type { MechanicalInput } from './input-file.ts';

/** The points at which the temperature is wanted, in the order in which `solveStress` takes the temperatures. */
export function temperaturePoints({ grid }: MechanicalInput): { readonly x: number; readonly y: number }[] {
  return cells(grid).flatMap((cell) => gaussPoints(grid, cell).map(({ x, y }) => ({ x, y })));
}

/** Displacements at the vertices, metres: [x, y, 0] each. */
export function solveStress(
  input: MechanicalInput,
  temperatures: readonly number[],
): { readonly displacements: (readonly [number, number, number])[]; readonly unknowns: number } {
  const { grid } = input;
  const equations = new Equations(2 * vertexCount(grid));
  let next = 0;
  for (const cell of cells(grid)) {
    for (const point of gaussPoints(grid, cell)) {
      addPoint(equations, input, cell, point, temperatures[next] ?? 0);
      next += 1;
    }
  }
  for (const [edge, boundary] of input.edges) {
    if (boundary.kind !== 'D') continue;
    for (const vertex of verticesOn(grid, edge)) {
      equations.prescribe(2 * vertex, boundary.value);
      equations.prescribe(2 * vertex + 1, boundary.value);
    }
  }
  const values = equations.solve();
  const displacements = Array.from(
    { length: vertexCount(grid) },
    (_, vertex) => [values[2 * vertex] ?? 0, values[2 * vertex + 1] ?? 0, 0] as const,
  );
  return { displacements, unknowns: equations.unknowns };
}

/** Stiffness and thermal load of one Gauss point; both are sums over all points. */
function addPoint(
  equations: Equations,
  input: MechanicalInput,
  cell: readonly number[],
  point: GaussPoint,
  temperature: number,
): void {
  const { youngsModulus, poissonsRatio: nu, expansion, thickness } = input;
  const stiff = youngsModulus / (1 - nu * nu);
  const shear = (stiff * (1 - nu)) / 2;
  const volume = point.area * thickness;
  // The stress that a stretching by temperature alone would cause: D (1, 1, 0) alpha T.
  const thermal = stiff * (1 + nu) * expansion * temperature * volume;
  cell.forEach((vertex, i) => {
    const [ix, iy] = [point.byX[i] ?? 0, point.byY[i] ?? 0];
    equations.addToRight(2 * vertex, ix * thermal);
    equations.addToRight(2 * vertex + 1, iy * thermal);
    cell.forEach((other, j) => {
      const [jx, jy] = [point.byX[j] ?? 0, point.byY[j] ?? 0];
      equations.addToMatrix(2 * vertex, 2 * other, (stiff * ix * jx + shear * iy * jy) * volume);
      equations.addToMatrix(2 * vertex, 2 * other + 1, (stiff * nu * ix * jy + shear * iy * jx) * volume);
      equations.addToMatrix(2 * vertex + 1, 2 * other, (stiff * nu * iy * jx + shear * ix * jy) * volume);
      equations.addToMatrix(2 * vertex + 1, 2 * other + 1, (stiff * iy * jy + shear * ix * jx) * volume);
    });
  });
}
