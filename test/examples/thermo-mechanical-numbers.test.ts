// The thermo-mechanical example's equations, against the numbers of an independent solver.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { interpolate, position, vertexAt } from '../../examples/thermo-mechanical/grid.ts';
import { parseMechanicalInput, parseThermalInput } from '../../examples/thermo-mechanical/input-file.ts';
import { solveStress, temperaturePoints } from '../../examples/thermo-mechanical/plane-stress.ts';
import { solveHeat } from '../../examples/thermo-mechanical/stationary-heat.ts';
import { repositoryRoot } from '../support/workspace.ts';

const input = (name: string) =>
  readFileSync(join(repositoryRoot, 'examples/thermo-mechanical', name), 'utf8');

/** Equal to as many digits as the reference gives. */
function near(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= tolerance, `${actual} is not ${expected}`);
}

test('the temperatures are those of an independent solver', () => {
  const { grid, edges } = parseThermalInput(input('inputT.in'));
  const { temperatures, unknowns } = solveHeat({ grid, edges });
  assert.equal(temperatures.length, 66);
  assert.equal(unknowns, 45);
  const warmest = temperatures.indexOf(Math.max(...temperatures));
  assert.deepEqual(position(grid, warmest), [2.5, 0]);
  near(temperatures[warmest], 4.969355652, 5e-10);
  const bottom = [0, 4.039364, 4.578333, 4.871582, 4.94766, 4.969356];
  [...bottom, ...bottom.slice(0, -1).reverse()].forEach((expected, column) => {
    near(temperatures[vertexAt(grid, column, 0)], expected, 5e-7);
  });
  near(temperatures.reduce((sum, value) => sum + value) / 66, 1.817503391, 5e-10);
  near(interpolate(grid, temperatures, 2.5, 0.4), 2.96743052, 5e-9);
});

test('the displacements are those of an independent solver', () => {
  const thermal = parseThermalInput(input('inputT.in'));
  const { temperatures } = solveHeat(thermal);
  const mechanical = parseMechanicalInput(input('inputM.in'));
  const points = temperaturePoints(mechanical);
  assert.equal(points.length, 640);
  const { displacements, unknowns } = solveStress(
    mechanical,
    points.map(({ x, y }) => interpolate(thermal.grid, temperatures, x, y)),
  );
  assert.equal(unknowns, 360);
  const expected = [
    [0, -2.4476e-4, 6.0885e-4],
    [8, -2.371e-8, 6.084e-4],
    [4, -1.1725e-4, 6.0852e-4],
  ] as const;
  for (const [row, x, y] of expected) {
    const [dx, dy] = displacements[vertexAt(mechanical.grid, 0, row)] ?? [];
    near(dx, x, row === 8 ? 5e-12 : 6e-9);
    near(dy, y, 5.1e-9);
  }
});

test('an input that is wrong says what was expected', () => {
  assert.throws(() => parseThermalInput('5 1\n10\n'), /the number of cells: expected 2 numbers, got "10"/);
  assert.throws(() => parseThermalInput('5 1\n10 5\n1 X\n'), /expected D, C or N for an edge, got "X"/);
  assert.throws(() => parseThermalInput('5 1\n1000 1000\n'), /expected 1 to 400 cells/);
  assert.throws(() => parseThermalInput('5 1\n'), /the input ends where the number of cells should be/);
});
