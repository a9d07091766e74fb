/** The eight operations of the MyProxy protocol, version 2. */
export type Command = 'GET' | 'PUT' | 'INFO' | 'DESTROY' | 'CHANGE' | 'STORE' | 'RETRIEVE' | 'TRUSTROOTS';

/** One row of {@link COMMANDS}. */
export interface CommandRow {
  readonly command: Command;
  /** The decimal number on the wire. */
  readonly number: number;
  /** The name that the C server writes to its log, which log scripts match. */
  readonly logName: string;
  /** What it does, for help texts and audit lines. */
  readonly doc: string;
}

/** Every command in wire order: row `n` has number `n`. */
export const COMMANDS: readonly CommandRow[] = [
  { command: 'GET', number: 0, logName: 'GET', doc: 'delegate a proxy of a stored credential to the client' },
  { command: 'PUT', number: 1, logName: 'PUT', doc: 'receive a delegated credential and store it' },
  { command: 'INFO', number: 2, logName: 'INFO', doc: 'describe the credentials the client owns' },
  { command: 'DESTROY', number: 3, logName: 'DESTROY', doc: 'remove a stored credential' },
  {
    command: 'CHANGE',
    number: 4,
    logName: 'CHANGE_CRED_PASSPHRASE',
    doc: 'change the pass phrase of a stored credential',
  },
  { command: 'STORE', number: 5, logName: 'STORE', doc: 'receive a certificate and its key and store them' },
  { command: 'RETRIEVE', number: 6, logName: 'RETRIEVE', doc: 'send a stored certificate and its key' },
  { command: 'TRUSTROOTS', number: 7, logName: 'GET TRUSTROOTS', doc: 'send the trusted certificates' },
];

const ROWS = new Map(COMMANDS.map((row) => [row.command, row]));

/** The row of a command. */
export function commandRow(command: Command): CommandRow {
  const row = ROWS.get(command);
  if (row === undefined) throw new TypeError(`no command ${String(command)}`);
  return row;
}

/** The command with this wire number, if there is one. */
export function commandOfNumber(number: number): Command | undefined {
  return COMMANDS.find((row) => row.number === number)?.command;
}
