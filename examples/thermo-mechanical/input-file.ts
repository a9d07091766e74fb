// The input files of both models: one item a line, `#` begins a comment.
import type { Edge, Grid } from './grid.ts';

/** What happens at an edge: `D` a prescribed value, `C` convection to an ambient temperature, `N` nothing. */
export type Boundary =
  | { readonly kind: 'D'; readonly value: number }
  | { readonly kind: 'C'; readonly ambient: number; readonly coefficient: number }
  | { readonly kind: 'N' };

export interface ThermalInput {
  readonly grid: Grid;
  readonly edges: ReadonlyMap<Edge, Boundary>;
}

export interface MechanicalInput extends ThermalInput {
  readonly thickness: number;
  readonly youngsModulus: number;
  readonly poissonsRatio: number;
  /** Thermal expansion, 1/K. */
  readonly expansion: number;
}

const MOST_CELLS = 400;

export function parseThermalInput(text: string): ThermalInput {
  const lines = new Lines(text);
  return { grid: readGrid(lines), edges: readEdges(lines) };
}

export function parseMechanicalInput(text: string): MechanicalInput {
  const lines = new Lines(text);
  const grid = readGrid(lines);
  const [thickness] = lines.numbers('thickness', 1);
  const [youngsModulus, poissonsRatio] = lines.numbers("Young's modulus and Poisson's ratio", 2);
  const [expansion] = lines.numbers('thermal expansion', 1);
  return {
    grid,
    thickness: thickness as number,
    youngsModulus: youngsModulus as number,
    poissonsRatio: poissonsRatio as number,
    expansion: expansion as number,
    edges: readEdges(lines),
  };
}

class Lines {
  readonly #lines: string[];
  #next = 0;

  constructor(text: string) {
    this.#lines = text
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '');
  }

  words(what: string): string[] {
    const line = this.#lines[this.#next];
    if (line === undefined) throw new Error(`the input ends where ${what} should be`);
    this.#next += 1;
    return line.split(/\s+/);
  }

  numbers(what: string, count: number): number[] {
    const words = this.words(what);
    const values = words.map(Number);
    if (values.length !== count || values.some((value) => !Number.isFinite(value))) {
      throw new Error(`${what}: expected ${count} numbers, got "${words.join(' ')}"`);
    }
    return values;
  }
}

function readGrid(lines: Lines): Grid {
  const [sizeX, sizeY] = lines.numbers('the size', 2) as [number, number];
  const [cellsX, cellsY] = lines.numbers('the number of cells', 2) as [number, number];
  if (!(sizeX > 0 && sizeY > 0)) throw new Error(`the size must be positive, got ${sizeX} x ${sizeY}`);
  if (
    ![cellsX, cellsY].every((count) => Number.isInteger(count) && count > 0) ||
    cellsX * cellsY > MOST_CELLS
  ) {
    throw new Error(`expected 1 to ${MOST_CELLS} cells, got ${cellsX} x ${cellsY}`);
  }
  return { sizeX, sizeY, cellsX, cellsY };
}

function readEdges(lines: Lines): ReadonlyMap<Edge, Boundary> {
  const edges = new Map<Edge, Boundary>();
  for (const _ of [1, 2, 3, 4]) {
    const [edge = '', code = '', ...values] = lines.words('an edge');
    if (!/^[1-4]$/.test(edge)) throw new Error(`expected an edge from 1 to 4, got "${edge}"`);
    edges.set(Number(edge) as Edge, boundary(code, values.map(Number)));
  }
  return edges;
}

function boundary(code: string, [first = 0, second = 0]: readonly number[]): Boundary {
  if (code === 'D') return { kind: 'D', value: first };
  if (code === 'C') return { kind: 'C', ambient: first, coefficient: second };
  if (code === 'N') return { kind: 'N' };
  throw new Error(`expected D, C or N for an edge, got "${code}"`);
}
