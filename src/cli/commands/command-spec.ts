import type { Command } from './command.ts';

/** What a shell may offer for a value. */
export type Completes = 'file' | 'directory' | 'user' | readonly string[];

/** One option of a command; the table that holds it feeds the parser, the help text and the completion scripts. */
export interface CommandOption {
  /** One letter, without its dash. */
  readonly short?: string;
  /** The long name, without its dashes. */
  readonly long: string;
  /** What the value is called in the help text; absent = the option takes none. */
  readonly value?: string;
  readonly help: string;
  readonly completes?: Completes;
}

/** One positional argument of a command. */
interface CommandArgument {
  readonly name: string;
  readonly help: string;
  /** Default true. */
  readonly required?: boolean;
  readonly completes?: Completes;
}

/** One command: everything that is known without running it. */
export interface CommandSpec {
  /** The words that call it: `['proxy', 'init']`. */
  readonly path: readonly string[];
  /** Heading under which the overview lists it. */
  readonly group: string;
  /** One line, lower case, no full stop. */
  readonly summary: string;
  readonly arguments?: readonly CommandArgument[];
  readonly options: readonly CommandOption[];
  /** Whole sentences below the options. */
  readonly details?: string;
  readonly examples?: readonly string[];
  /** Loads what runs it; nothing of it is read before. */
  readonly load: () => Promise<Command>;
}
