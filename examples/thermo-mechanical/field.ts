// A temperature field as one model gives it to another: all of it (by copy), or an object that is asked point by point (by reference).
import { type Exposed, expose } from 'latchkey/pyro';
import { type Grid, interpolate } from './grid.ts';

/** All of a field, as it travels. */
export interface FieldCopy {
  readonly name: string;
  readonly unit: string;
  readonly grid: Grid;
  /** One value a vertex, or one list of components. */
  readonly values: readonly (number | readonly number[])[];
}

/** What is asked of a temperature field, here or elsewhere. */
export interface TemperatureField {
  evaluate(x: number, y: number): number | Promise<number>;
}

export function fieldOfCopy({ grid, values }: FieldCopy): TemperatureField {
  return { evaluate: (x, y) => interpolate(grid, values as readonly number[], x, y) };
}

/** The field as an object that stays where it is. */
export function exposeField(field: TemperatureField): Exposed {
  return expose(field, { methods: ['evaluate'] });
}
