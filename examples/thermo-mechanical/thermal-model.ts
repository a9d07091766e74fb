// The thermal model: stationary heat conduction. It is the model that gives.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Exposed } from 'latchkey/pyro';
import { exposeField, type FieldCopy, fieldOfCopy } from './field.ts';
import { parseThermalInput, type ThermalInput } from './input-file.ts';
import { solveHeat } from './stationary-heat.ts';

export class ThermalModel {
  static readonly remoteMethods = [
    'getApplicationSignature',
    'initialize',
    'solveStep',
    'getField',
    'getFieldURI',
  ];
  #input: ThermalInput | undefined;
  #temperatures: readonly number[] | undefined;

  getApplicationSignature(): string {
    return 'thermal demo, TypeScript';
  }

  /** @param file its name in the job's directory, where this process was started */
  async initialize(file: string): Promise<void> {
    this.#input = parseThermalInput(await readFile(basename(file), 'utf8'));
  }

  solveStep(_time: number): void {
    if (this.#input === undefined) throw new Error('the model is not initialized yet');
    this.#temperatures = solveHeat(this.#input).temperatures;
  }

  /** By copy. */
  getField(name: string, _time: number): FieldCopy {
    return { name: this.#named(name), unit: '°C', ...this.#solved() };
  }

  /** By reference. */
  getFieldURI(name: string, _time: number): Exposed {
    return exposeField(fieldOfCopy({ name: this.#named(name), unit: '°C', ...this.#solved() }));
  }

  #named(name: string): string {
    if (name === 'Temperature') return name;
    throw new Error(`there is no field "${name}" here, only Temperature`);
  }

  #solved(): Pick<FieldCopy, 'grid' | 'values'> {
    if (this.#input === undefined || this.#temperatures === undefined)
      throw new Error('the step is not solved yet');
    return { grid: this.#input.grid, values: this.#temperatures };
  }
}
