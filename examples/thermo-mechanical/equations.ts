// Symmetric, positive definite equations: assembled entry by entry, some unknowns prescribed, solved by Cholesky's method.

export class Equations {
  readonly #size: number;
  readonly #matrix: Float64Array;
  readonly #right: Float64Array;
  readonly #prescribed = new Map<number, number>();

  constructor(size: number) {
    this.#size = size;
    this.#matrix = new Float64Array(size * size);
    this.#right = new Float64Array(size);
  }

  addToMatrix(row: number, column: number, value: number): void {
    this.#matrix[row * this.#size + column] = (this.#matrix[row * this.#size + column] ?? 0) + value;
  }

  addToRight(row: number, value: number): void {
    this.#right[row] = (this.#right[row] ?? 0) + value;
  }

  prescribe(unknown: number, value: number): void {
    this.#prescribed.set(unknown, value);
  }

  /** How many unknowns are left to solve for. */
  get unknowns(): number {
    return this.#size - this.#prescribed.size;
  }

  /** All values, the prescribed ones included. Throws when the equations have no single solution. */
  solve(): number[] {
    const free = Array.from({ length: this.#size }, (_, i) => i).filter((i) => !this.#prescribed.has(i));
    const factor = free.map((row) => Float64Array.from(free, (column) => this.#entry(row, column)));
    const solution = Float64Array.from(free, (row) => {
      let right = this.#right[row] ?? 0;
      for (const [unknown, value] of this.#prescribed) right -= this.#entry(row, unknown) * value;
      return right;
    });
    factorise(factor);
    substitute(factor, solution);
    const all = Array.from({ length: this.#size }, (_, i) => this.#prescribed.get(i) ?? 0);
    free.forEach((unknown, i) => {
      all[unknown] = solution[i] ?? 0;
    });
    return all;
  }

  #entry(row: number, column: number): number {
    return this.#matrix[row * this.#size + column] ?? 0;
  }
}

/** Replaces the lower triangle by its Cholesky factor. */
function factorise(rows: readonly Float64Array[]): void {
  rows.forEach((row, i) => {
    for (let j = 0; j <= i; j += 1) {
      const other = rows[j] as Float64Array;
      let sum = row[j] as number;
      for (let k = 0; k < j; k += 1) sum -= (row[k] as number) * (other[k] as number);
      if (i !== j) row[j] = sum / (other[j] as number);
      else if (sum > 0) row[j] = Math.sqrt(sum);
      else throw new Error(`the equations have no single solution: nothing holds unknown ${i}`);
    }
  });
}

function substitute(rows: readonly Float64Array[], values: Float64Array): void {
  rows.forEach((row, i) => {
    let sum = values[i] as number;
    for (let k = 0; k < i; k += 1) sum -= (row[k] as number) * (values[k] as number);
    values[i] = sum / (row[i] as number);
  });
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    let sum = values[i] as number;
    for (let k = i + 1; k < rows.length; k += 1)
      sum -= ((rows[k] as Float64Array)[i] as number) * (values[k] as number);
    values[i] = sum / ((rows[i] as Float64Array)[i] as number);
  }
}
