import { randomBytes } from 'node:crypto';
import type { CommandOptions } from '../transport.ts';
import { printfFormat, shellWord } from './quote.ts';

/** What is run: a program with its words, or a script with its arguments. */
export type CommandText =
  | { readonly kind: 'program'; readonly argv: readonly string[] }
  | { readonly kind: 'script'; readonly text: string; readonly args: readonly string[] };

/** Input that is put into the command's own text; more goes over a session of its own. */
export const MAX_FRAMED_INPUT_BYTES = 64 * 1024;

/**
 * Prepares a kept shell: file descriptor 3 is the standard error of what runs in it, and its own chatter goes nowhere. Tells
 * its process id behind the mark.
 */
export function shellPrologue(mark: string): string {
  return [
    'exec 3>&2 2>/dev/null',
    'unset CDPATH ENV BASH_ENV',
    `printf '%s%s\\n' ${mark} $$; printf '%s\\n' ${mark} >&3`,
    '',
  ].join('\n');
}

/**
 * One command for a kept shell: it runs in a subshell with standard input of its own, and when it has ended both outputs carry
 * the mark on a line, the first one with the exit code behind it. The mark is random and used once.
 */
export function frameCommand(command: CommandText, options: CommandOptions, mark: string): string {
  const input = options.input === undefined ? Buffer.alloc(0) : Buffer.from(options.input as Uint8Array);
  const [feed, source] = input.length === 0 ? ['', ' </dev/null'] : [`printf ${printfFormat(input)} | `, ''];
  // Two marks in one line: the first one's word is then this one.
  const enter = enterDirectory(options, `{ printf ${mark}${NO_DIRECTORY}; exit 0; }`);
  return `${feed}( ${enter}${commandBody(command, options)} )${source} 2>&3 3>&-; printf '${mark}%d\\n' $?; printf '${mark}\\n' >&3\n`;
}

/** What a mark says when there is no such directory. */
export const NO_DIRECTORY = 'd';

/** Goes where the command is to work, or does something else. */
export function enterDirectory({ cwd }: CommandOptions, otherwise: string): string {
  if (cwd === undefined) return '';
  return `cd -- ${shellWord(cwd.startsWith('/') ? cwd : `./${cwd}`)} 2>/dev/null || ${otherwise}; `;
}

/** The command itself, for any POSIX shell that then ends. @throws TypeError for what is no program or variable */
export function commandBody(command: CommandText, options: CommandOptions): string {
  const steps: string[] = [];
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new TypeError(`${JSON.stringify(name)} is no name of an environment variable`);
    }
    steps.push(`export ${name}=${shellWord(value)}`);
  }
  if (command.kind === 'script' && KNOWS_ITSELF.test(command.text)) {
    steps.push(`exec /bin/sh -c ${[command.text, 'sh', ...command.args].map(shellWord).join(' ')}`);
  } else if (command.kind === 'script') {
    steps.push(`set -- ${command.args.map(shellWord).join(' ')}`, `eval ${shellWord(command.text)}`);
  } else {
    const [program] = command.argv;
    if (program === undefined || program === '' || program.startsWith('-')) {
      throw new TypeError(`${JSON.stringify(program)} is no program`);
    }
    // `exec`: a program, never a builtin of the same name, which may take its words for something else.
    steps.push(`exec ${command.argv.map(shellWord).join(' ')}`);
  }
  return steps.join('; ');
}

/** What a command's outputs end with, and no output holds by chance. */
export function newMark(): string {
  return `:lk${randomBytes(16).toString('hex')}:`;
}

/** A mark of its own for each command, from one random one. */
export function numberedMark(base: string, n: number): string {
  return `${base}${n}:`;
}

/** In a subshell these are the kept shell's: a script that asks for them gets a shell of its own, which costs it an exec. */
const KNOWS_ITSELF = /\$\$|\$\{\$|PPID|\$0|\$\{0/;

/** Takes one output of a command until its mark. Binary-safe; keeps at most `limit` bytes and counts on. */
export class MarkedOutput {
  readonly #mark: Buffer;
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  /** The last bytes that may be the beginning of the mark, or the mark whose line is not whole. */
  #tail: Buffer = Buffer.alloc(0);
  #size = 0;
  /** What stood behind the mark: the exit code, on standard output. */
  word: string | undefined;

  constructor(mark: string, limit: number) {
    this.#mark = Buffer.from(mark);
    this.#limit = limit;
  }

  get isDone(): boolean {
    return this.word !== undefined;
  }

  get isTooMuch(): boolean {
    return this.#size > this.#limit;
  }

  get bytes(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
  }

  /** Takes a chunk; returns what came behind the mark's line, which belongs to nobody. */
  take(chunk: Buffer): Buffer | undefined {
    const data = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]);
    const at = data.indexOf(this.#mark);
    const end = at < 0 ? -1 : data.indexOf(0x0a, at + this.#mark.length);
    if (end < 0) {
      const held = at < 0 ? Math.min(data.length, this.#mark.length - 1) : data.length - at;
      this.#keep(data.subarray(0, data.length - held));
      this.#tail = data.subarray(data.length - held);
      return undefined;
    }
    this.#keep(data.subarray(0, at));
    this.#tail = Buffer.alloc(0);
    this.word = data.toString('latin1', at + this.#mark.length, end);
    return data.subarray(end + 1);
  }

  #keep(data: Buffer): void {
    if (data.length === 0) return;
    this.#size += data.length;
    const room = this.#limit - this.#kept;
    if (room <= 0) return;
    this.#chunks.push(data.length > room ? data.subarray(0, room) : data);
    this.#kept += Math.min(room, data.length);
  }
}
