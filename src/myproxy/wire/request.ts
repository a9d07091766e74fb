import { isLatchkeyError, LatchkeyError, quote, Secret } from '../../kit/index.ts';
import { type Command, commandOfNumber, commandRow } from './command.ts';
import {
  formatField,
  formatMessage,
  PROTOCOL_VERSION,
  parseFields,
  parseInteger,
  strictText,
  stripLineEnds,
} from './text-fields.ts';

/** A client's request: the first message of every conversation. */
export interface Request {
  readonly command: Command;
  /** Free text; empty only for TRUSTROOTS. */
  readonly username: string;
  /** At most 1023 bytes; may be empty. */
  readonly passPhrase: Secret;
  /** CHANGE only; absent or empty = remove the encryption. */
  readonly newPassPhrase?: Secret;
  /** Seconds. GET: wanted lifetime; PUT, STORE: cap of later delegations; 0 = as long as allowed. */
  readonly lifetimeSeconds: number;
  readonly retrievers?: string;
  readonly renewers?: string;
  /** Absent = the default credential. */
  readonly credentialName?: string;
  readonly credentialDescription?: string;
  readonly keyRetrievers?: string;
  readonly trustedRetrievers?: string;
  /** True to get trust roots with the first OK (GET, RETRIEVE, TRUSTROOTS). */
  readonly wantTrustRoots: boolean;
  readonly voNames: readonly string[];
  readonly vomses: readonly string[];
}

/** Longest pass phrase on the wire, in bytes: the C server keeps it in 1024 bytes with a NUL. */
export const MAX_PASS_PHRASE_BYTES = 1023;
/** Most VONAME or VOMSES lines of one request. */
const MAX_REPEATS = 1000;

const REQUIRED = ['VERSION', 'COMMAND', 'USERNAME', 'PASSPHRASE', 'LIFETIME'] as const;
const REPEATED = ['VONAME', 'VOMSES'] as const;
const KNOWN: ReadonlySet<string> = new Set<string>([
  ...REQUIRED,
  ...REPEATED,
  'NEW_PHRASE',
  'RETRIEVER',
  'RENEWER',
  'CRED_NAME',
  'CRED_DESC',
  'KEYRETRIEVERS',
  'KEYRETRIEVER',
  'RETRIEVER_TRUSTED',
  'TRUSTED_CERTS',
]);

/**
 * Encodes a request, its fields in the order of the C client, with the final NUL.
 * LFs are taken out of the credential's name and description, as the C client does; a negative lifetime becomes 0.
 *
 * @throws LatchkeyError `myproxy/value-invalid` when a value contains LF or NUL, or a pass phrase is over 1023 bytes
 */
export function encodeRequest(request: Request): Buffer {
  const lifetime = Math.min(Math.max(0, Math.trunc(request.lifetimeSeconds)), 2 ** 31 - 1);
  if (Number.isNaN(lifetime)) throw new TypeError('lifetimeSeconds is not a number');
  const lines = [
    formatField('VERSION', PROTOCOL_VERSION),
    formatField('COMMAND', String(commandRow(request.command).number)),
    formatField('USERNAME', request.username),
    formatField('PASSPHRASE', passPhraseBytes('PASSPHRASE', request.passPhrase)),
  ];
  const add = (key: string, value: string | undefined) => {
    if (value !== undefined) lines.push(formatField(key, value));
  };
  if (request.newPassPhrase !== undefined && !request.newPassPhrase.isEmpty) {
    lines.push(formatField('NEW_PHRASE', passPhraseBytes('NEW_PHRASE', request.newPassPhrase)));
  }
  add('LIFETIME', String(lifetime));
  add('RETRIEVER', request.retrievers);
  add('RENEWER', request.renewers);
  add('CRED_NAME', strip(request.credentialName));
  add('CRED_DESC', strip(request.credentialDescription));
  add('KEYRETRIEVERS', request.keyRetrievers);
  add('RETRIEVER_TRUSTED', request.trustedRetrievers);
  if (request.wantTrustRoots) add('TRUSTED_CERTS', '1');
  for (const name of request.voNames) add('VONAME', name);
  for (const line of request.vomses) add('VOMSES', line);
  return formatMessage(lines);
}

/**
 * Reads a request. Tolerates what peers send: leading blanks, a missing last LF or NUL, hexadecimal and octal
 * integers, unknown lines, `KEYRETRIEVER` for `KEYRETRIEVERS`. A field given twice is an error, as in the C server.
 *
 * @throws LatchkeyError `myproxy/malformed` or `myproxy/unsupported`; {@link requestErrorLines} gives the text for the client
 */
export function parseRequest(message: Buffer): Request {
  const fields = new Map<string, Buffer[]>();
  for (const { key, value } of parseFields(message, (key) => KNOWN.has(key))) {
    const values = fields.get(key);
    if (values === undefined) fields.set(key, [value]);
    else if (isRepeated(key) && values.length < MAX_REPEATS) values.push(value);
    else throw malformed(`the field ${key} is given ${isRepeated(key) ? 'too often' : 'twice'}`);
  }
  for (const key of REQUIRED) {
    if (!fields.has(key)) throw malformed(`the field ${key} is missing`);
  }
  if (fields.has('KEYRETRIEVER') && fields.has('KEYRETRIEVERS')) {
    throw malformed('the fields KEYRETRIEVER and KEYRETRIEVERS are both given');
  }
  const bytes = (key: string) => fields.get(key)?.[0];
  const text = (key: string) => strictText(key, bytes(key) ?? Buffer.alloc(0));
  const optional = <Property extends string>(property: Property, key: string) =>
    fields.has(key) ? ({ [property]: text(key) } as { [P in Property]: string }) : {};
  const repeated = (key: string) => (fields.get(key) ?? []).map((value) => strictText(key, value));

  const version = text('VERSION');
  if (version !== PROTOCOL_VERSION) {
    throw refused(`expected version ${PROTOCOL_VERSION} and got ${quote(version, 40)}`, [
      'Invalid version number received.',
    ]);
  }
  const number = parseInteger('COMMAND', nonEmpty('COMMAND', bytes('COMMAND')));
  const command = commandOfNumber(number);
  const username = text('USERNAME');
  if (username === '' && command !== 'TRUSTROOTS') {
    throw refused('the field USERNAME is empty', ['Invalid username received.']);
  }
  if (command === undefined)
    throw refused(`no command has number ${number}`, ['UNKNOWN command in request.']);
  const newPassPhrase = bytes('NEW_PHRASE');
  return {
    command,
    username,
    passPhrase: parsePassPhrase('PASSPHRASE', bytes('PASSPHRASE')),
    ...(newPassPhrase === undefined ? {} : { newPassPhrase: parsePassPhrase('NEW_PHRASE', newPassPhrase) }),
    lifetimeSeconds: Math.max(0, parseInteger('LIFETIME', bytes('LIFETIME') ?? Buffer.alloc(0))),
    ...optional('retrievers', 'RETRIEVER'),
    ...optional('renewers', 'RENEWER'),
    ...optional('credentialName', 'CRED_NAME'),
    ...optional('credentialDescription', 'CRED_DESC'),
    ...optional('keyRetrievers', 'KEYRETRIEVER'),
    ...optional('keyRetrievers', 'KEYRETRIEVERS'),
    ...optional('trustedRetrievers', 'RETRIEVER_TRUSTED'),
    wantTrustRoots: parseInteger('TRUSTED_CERTS', bytes('TRUSTED_CERTS') ?? Buffer.alloc(0)) !== 0,
    voNames: repeated('VONAME'),
    vomses: repeated('VOMSES'),
  };
}

/** The `ERROR` lines to answer with when {@link parseRequest} throws: the C server's own texts. */
export function requestErrorLines(error: unknown): readonly string[] {
  const lines = isLatchkeyError(error) ? error.details.errorLines : undefined;
  return Array.isArray(lines) ? lines.map(String) : ['error parsing request'];
}

function strip(text: string | undefined): string | undefined {
  return text === undefined ? undefined : stripLineEnds(text);
}

function passPhraseBytes(key: string, passPhrase: Secret): Buffer {
  if (passPhrase.length > MAX_PASS_PHRASE_BYTES) {
    throw new LatchkeyError(
      'myproxy/value-invalid',
      `a pass phrase of ${passPhrase.length} bytes in ${key}; the protocol takes ${MAX_PASS_PHRASE_BYTES}`,
    );
  }
  return passPhrase.reveal();
}

function parsePassPhrase(key: string, bytes: Buffer | undefined): Secret {
  const value = bytes ?? Buffer.alloc(0);
  if (value.length > MAX_PASS_PHRASE_BYTES) {
    throw malformed(`the field ${key} has ${value.length} bytes; ${MAX_PASS_PHRASE_BYTES} are allowed`);
  }
  return new Secret(value);
}

function nonEmpty(key: string, value: Buffer | undefined): Buffer {
  if (value === undefined || value.length === 0) throw malformed(`the field ${key} is empty`);
  return value;
}

function isRepeated(key: string): boolean {
  return REPEATED.some((name) => name === key);
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('myproxy/malformed', `malformed request: ${what}`, {
    details: { errorLines: ['error parsing request'] },
  });
}

function refused(what: string, errorLines: readonly string[]): LatchkeyError {
  return new LatchkeyError('myproxy/unsupported', what, { details: { errorLines } });
}
