import { ToolExit } from './tool.ts';
import { latchkeyVersion } from './usage-text.ts';

/** An option of the Globus proxy tools: one dash, a whole word. */
interface GlobusOption {
  /** With the dash; the first is the one that `apply` hears. */
  readonly names: readonly string[];
  /** What the value is called, and the complaint when it is missing; absent = no value. */
  readonly value?: { readonly called: string; readonly missing: string };
  readonly help: string;
}

/** The interface of a Globus tool. */
export interface GlobusInterface {
  readonly tool: string;
  readonly synopsis: string;
  readonly options: readonly GlobusOption[];
  /** The complaint about a word that is no option; absent = such words are file names, and end the options. */
  readonly unknown: string;
  readonly takesFiles?: boolean;
}

/** A complaint about an option, as these tools put it. */
export function globusComplaint(face: GlobusInterface, option: string, message: string): ToolExit {
  return globusError(face, `option ${option} : ${message}`);
}

/** A complaint about the command line as a whole. */
export function globusError(face: GlobusInterface, message: string): ToolExit {
  return new ToolExit(1, {
    stderr: `\nERROR: ${message}\n\nSyntax: ${face.tool} ${face.synopsis}\n\nUse -help to display full usage.\n`,
  });
}

/**
 * Reads a command line of a Globus tool in order; `apply` may throw a complaint about a value where it stands, and `admit`
 * one about an option before its value is looked for. Both hear the option's first name, and last the word as it was given.
 *
 * @returns the file names, for tools that take some
 * @throws ToolExit
 */
export function readGlobusOptions(
  face: GlobusInterface,
  argv: readonly string[],
  apply: (name: string, value: string, word: string) => void,
  admit: (name: string, word: string) => void = () => {},
): readonly string[] {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') return face.takesFiles ? argv.slice(at + 1) : [];
    if (face.takesFiles && !word.startsWith('-')) return argv.slice(at);
    if (word.startsWith('--')) throw globusComplaint(face, word, doubleDash(face));
    // Peers print both on standard error, with success.
    if (word === '-help' || word === '-usage') throw new ToolExit(0, { stderr: globusUsage(face) });
    if (word === '-version') throw new ToolExit(0, { stderr: `latchkey-${latchkeyVersion}\n` });
    const option = face.options.find((candidate) => candidate.names.includes(word));
    if (option === undefined) throw globusComplaint(face, word, face.unknown);
    const name = option.names[0] ?? word;
    admit(name, word);
    if (option.value === undefined) {
      apply(name, '', word);
      continue;
    }
    at += 1;
    const value = argv[at];
    if (value === undefined || value.startsWith('-')) throw globusComplaint(face, word, option.value.missing);
    apply(name, value, word);
  }
  return [];
}

function doubleDash(face: GlobusInterface): string {
  return face.takesFiles ? 'double-dashed options not allowed' : 'double-dashed options are not allowed';
}

function globusUsage(face: GlobusInterface): string {
  const rows = [
    ['-help, -usage', 'Prints this text'],
    ['-version', 'Prints the version'],
    ...face.options.map(({ names, value, help }) => [
      `${names.join(', ')}${value === undefined ? '' : ` <${value.called}>`}`,
      help,
    ]),
  ];
  const lines = rows.map(([head = '', help = '']) => `    ${head.padEnd(36)} ${help}`);
  return ['', `Syntax: ${face.tool} ${face.synopsis}`, '', '    Options', ...lines, '', ''].join('\n');
}

/** The files named in a complaint are checked where they are named: they must exist, and nobody else may read a key. */
export function globusFileProblem(
  path: string,
  found: { readonly isFile: boolean; readonly isDirectory: boolean; readonly mode: number } | undefined,
  wanted: 'certificate' | 'key' | 'directory',
): string | undefined {
  if (wanted === 'directory') {
    return found?.isDirectory
      ? undefined
      : `globus_sysconfig: File does not exist: ${path} is not a valid directory\n`;
  }
  if (!found?.isFile) return `globus_sysconfig: File does not exist: ${path} is not a valid file\n`;
  if (wanted === 'key' && (found.mode & 0o077) !== 0) {
    return `globus_sysconfig: File has bad permissions: Permissions on ${path} are too permissive. Maximum allowable permissions are 600\n`;
  }
  return undefined;
}

/** `H:M` of `-valid` in minutes. @throws ToolExit */
export function validMinutes(face: GlobusInterface, option: string, text: string): number {
  const match = /^\s*([+-]?\d{1,9}):\s*([+-]?\d{1,9})/.exec(text);
  if (match === null) throw globusComplaint(face, option, 'value must be in the format: H:M');
  const hours = Number(match[1]);
  const minutes = Number(match[2]);
  if (hours < 0) throw globusComplaint(face, option, 'specified hours must be a non-negative integer');
  if (minutes < 0 || minutes > 60) {
    throw globusComplaint(face, option, 'specified minutes must be in the range 0-60');
  }
  return Math.min(hours, 596_522) * 60 + minutes;
}
