/**
 * A bar whose ends are kept at given temperatures, as a model: a plain class. A model server makes one for each job,
 * and its public methods are what clients call.
 *
 *     latchkey models run --class ./bar.ts#Bar
 *
 * (Node 22.18 and later load TypeScript as it is; before, compile it.)
 */
export class Bar {
  readonly #left: number;
  readonly #right: number;
  #field: Float64Array;

  constructor() {
    this.#left = 100;
    this.#right = 0;
    this.#field = new Float64Array(11);
  }

  getApplicationSignature(): string {
    return 'Bar, explicit finite differences';
  }

  /** Makes steps of `dt` seconds; returns the temperature in the middle, °C. */
  solveStep(dt: number, steps: number): number {
    for (let n = 0; n < steps; n += 1) {
      const before = this.#field;
      this.#field = before.map((here, x) => {
        if (x === 0) return this.#left;
        if (x === before.length - 1) return this.#right;
        return here + dt * ((before[x - 1] ?? 0) - 2 * here + (before[x + 1] ?? 0));
      });
    }
    console.log(`${steps} steps of ${dt} s`);
    return this.#field[5] ?? 0;
  }

  /** All temperatures, °C, from left to right. */
  getField(): number[] {
    return [...this.#field];
  }
}
