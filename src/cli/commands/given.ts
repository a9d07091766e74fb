import { LatchkeyError, quote } from '../../kit/index.ts';
import type { CommandOption } from './command-spec.ts';
import { parseLifetime } from './lifetime.ts';

/** The arguments and options of one call, by their long names. */
export class Given {
  readonly arguments: readonly string[];
  readonly #options: ReadonlyMap<string, string | true>;

  constructor(args: readonly string[], options: ReadonlyMap<string, string | true>) {
    this.arguments = args;
    this.#options = options;
  }

  flag(long: string): boolean {
    return this.#options.has(long);
  }

  text(long: string): string | undefined {
    const value = this.#options.get(long);
    return typeof value === 'string' ? value : undefined;
  }

  /** Seconds; `max` is 0. @throws LatchkeyError `cli/usage` */
  lifetime(long: string): number | undefined {
    const text = this.text(long);
    return text === undefined ? undefined : parseLifetime(text, `--${long}`);
  }

  /** A TCP port. @throws LatchkeyError `cli/usage` */
  port(long: string): number | undefined {
    const text = this.text(long);
    if (text === undefined) return undefined;
    const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (port >= 0 && port <= 65_535) return port;
    throw new LatchkeyError('cli/usage', `--${long} takes a port from 0 to 65535, not ${quote(text)}`);
  }

  /** Reads every value once, so that a typing error is told before anything else is done. @throws LatchkeyError `cli/usage` */
  check(options: readonly CommandOption[]): void {
    for (const { long, value } of options) {
      if (value === 'SPAN') this.lifetime(long);
      if (value === 'PORT') this.port(long);
    }
  }

  /** The argument at `index`, which the parser has made sure of. */
  argument(index: number): string {
    const value = this.arguments[index];
    if (value === undefined) throw new TypeError(`the command has no required argument ${index}`);
    return value;
  }
}
