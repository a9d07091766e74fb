// The mechanical model: a body that its temperature stretches. It is the model that takes.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ObjectReference, type PyroValue, referenceOf } from 'latchkey/pyro';
import type { LinkKeys, ModelJob } from 'latchkey/remote';
import { type FieldCopy, fieldOfCopy, type TemperatureField } from './field.ts';
import { type MechanicalInput, parseMechanicalInput } from './input-file.ts';
import { solveStress, temperaturePoints } from './plane-stress.ts';

export class MechanicalModel {
  static readonly remoteMethods = [
    'getApplicationSignature',
    'initialize',
    'setField',
    'solveStep',
    'getField',
  ];
  readonly #links: LinkKeys;
  #input: MechanicalInput | undefined;
  #temperature: TemperatureField | undefined;
  #displacements: readonly (readonly number[])[] | undefined;

  constructor({ links }: ModelJob) {
    this.#links = links;
  }

  getApplicationSignature(): string {
    return 'mechanical demo, TypeScript';
  }

  /** @param file its name in the job's directory, where this process was started */
  async initialize(file: string): Promise<void> {
    this.#input = parseMechanicalInput(await readFile(basename(file), 'utf8'));
  }

  /** @param field a copy, or a reference to a field somewhere else */
  async setField(field: FieldCopy | ObjectReference): Promise<void> {
    if (referenceOf(field as unknown as PyroValue) === undefined) {
      this.#temperature = fieldOfCopy(field as FieldCopy);
      return;
    }
    const remote = await this.#links.follow(field as ObjectReference);
    this.#temperature = {
      // It may be asked again when the link was cut under the question: it only reads.
      evaluate: async (x, y) => Number(await remote.call('evaluate', [x, y], { safe: true })),
    };
  }

  /** Asks for the temperature at every Gauss point, all at once: a remote field answers many questions in one go. */
  async solveStep(_time: number): Promise<void> {
    const { input, temperature } = this.#ready();
    const asked = temperaturePoints(input).map(({ x, y }) => temperature.evaluate(x, y));
    this.#displacements = solveStress(input, await Promise.all(asked)).displacements;
  }

  getField(name: string, _time: number): FieldCopy {
    if (name !== 'Displacement') throw new Error(`there is no field "${name}" here, only Displacement`);
    if (this.#displacements === undefined) throw new Error('the step is not solved yet');
    return { name, unit: 'm', grid: this.#ready().input.grid, values: this.#displacements };
  }

  #ready(): { readonly input: MechanicalInput; readonly temperature: TemperatureField } {
    if (this.#input === undefined) throw new Error('the model is not initialized yet');
    if (this.#temperature === undefined) throw new Error('the model has no temperature yet');
    return { input: this.#input, temperature: this.#temperature };
  }
}
