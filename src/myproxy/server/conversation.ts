import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { isLatchkeyError } from '../../kit/index.ts';
import { ANONYMOUS_DN, type ClientIdentity } from '../../repository/index.ts';
import { type Command, commandRow } from '../wire/command.ts';
import { parseRequest, type Request, requestErrorLines } from '../wire/request.ts';
import { encodeResponse } from '../wire/response.ts';
import type { Wire } from '../wire/wire.ts';
import { changePassPhrase } from './change-pass-phrase.ts';
import { clientAttributes, identifyClient } from './client-identity.ts';
import { destroy } from './destroy.ts';
import { get } from './get.ts';
import { info } from './info.ts';
import type { AuditNotes, CommandHandler, Operation } from './operation.ts';
import { put } from './put.ts';
import { refusal, verdictOf } from './refusal.ts';
import { retrieve } from './retrieve.ts';
import type { MyProxyService } from './service.ts';
import { store } from './store.ts';
import { trustRoots } from './trust-roots.ts';

const HANDLERS: Readonly<Record<Command, CommandHandler>> = {
  GET: get,
  PUT: put,
  INFO: info,
  DESTROY: destroy,
  CHANGE: changePassPhrase,
  STORE: store,
  RETRIEVE: retrieve,
  TRUSTROOTS: trustRoots,
};

/** What the client is told when something went wrong that is not its business; the `ref` line leads to the log. */
const FALLBACK_LINES: Readonly<Record<Command, readonly string[]>> = {
  GET: ['Unable to delegate credentials.'],
  PUT: ['Failed to accept credentials.'],
  INFO: ['Unable to retrieve credential information'],
  DESTROY: ['Unable to remove credentials.'],
  CHANGE: ['Unable to change pass phrase.'],
  STORE: ['Unable to store credentials.'],
  RETRIEVE: ['Unable to retrieve credentials.'],
  TRUSTROOTS: ['Unable to send trust roots.'],
};

/** One connection while it lasts. */
interface Connection {
  readonly wire: Wire;
  readonly service: MyProxyService;
  readonly signal: AbortSignal;
  readonly reference: string;
  readonly started: number;
}

/**
 * The server's side of one connection, from the first byte after the TLS handshake to the close. No sockets: all goes
 * through `wire`. Never rejects: what goes wrong ends in the client's error message, the log and the audit log.
 *
 * @param signal ends the conversation, as at the connection's deadline
 */
export async function serveConversation(
  wire: Wire,
  service: MyProxyService,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const connection: Connection = { wire, service, signal, reference: newReference(), started };
  const afterwards: (() => Promise<void>)[] = [];
  try {
    await converse(connection, afterwards);
  } finally {
    wire.close();
  }
  for (const task of afterwards) {
    await task().catch((error: unknown) => {
      service.log(
        'error',
        connection.reference,
        `afterwards: ${error instanceof Error ? error.message : error}`,
      );
    });
  }
}

async function converse(connection: Connection, afterwards: (() => Promise<void>)[]): Promise<void> {
  const { wire, service, reference } = connection;
  const log = (level: 'debug' | 'info' | 'warn' | 'error', line: string): void =>
    service.log(level, reference, singleLine(line));
  const notes: AuditNotes = {};
  let client: ClientIdentity = { dn: ANONYMOUS_DN, fqans: [], isLimited: false };
  let request: Request | undefined;
  try {
    log('info', `Connection from ${wire.peer.address}`);
    const identified = identifyLater(connection);
    await wire.reader.delegationFlag();
    const message = await wire.reader.text();
    client = identified();
    log('info', `Authenticated client ${client.dn}`);
    request = parse(message);
    log('info', receivedLine(request));
    const operation: Operation = { ...connection, client, request, notes, afterwards, log };
    await HANDLERS[request.command](operation);
    log('info', `Client ${client.dn} disconnected`);
    record(connection, client, request, notes, 'done', notes.why);
  } catch (error) {
    await fail(connection, client, request, notes, error);
  }
}

/**
 * The chain is judged at once, but a refusal is told only after the request has been read: a client that is still
 * sending would lose the message to a connection reset.
 */
function identifyLater({ wire, service, reference }: Connection): () => ClientIdentity {
  try {
    const { chains, trust, clock } = service;
    const client = identifyClient(
      wire.peer,
      (chain) => chains.validatePath(chain, trust, clock.now()),
      (chain) => clientAttributes(chain, service, (line) => service.log('info', reference, singleLine(line))),
    );
    return () => client;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function parse(message: Buffer): Request {
  try {
    return parseRequest(message);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refusal(requestErrorLines(error), why, 'myproxy/malformed');
  }
}

function receivedLine({ command, username }: Request): string {
  const { logName } = commandRow(command);
  return username === ''
    ? `Received ${logName} request`
    : `Received ${logName} request for username ${singleLine(username)}`;
}

async function fail(
  connection: Connection,
  client: ClientIdentity,
  request: Request | undefined,
  notes: AuditNotes,
  error: unknown,
): Promise<void> {
  const { wire, service, signal, reference } = connection;
  const isGone = isLatchkeyError(error, 'myproxy/closed') || isLatchkeyError(error, 'myproxy/connect');
  if (signal.aborted || isGone) {
    const why = signal.aborted ? reasonOf(signal) : 'the client closed the connection';
    service.log('info', reference, `Exiting: ${why}`);
    if (request !== undefined) record(connection, client, request, notes, 'failed', why);
    return;
  }
  const fallback = request === undefined ? ['Error in myproxy_recv_ex()'] : FALLBACK_LINES[request.command];
  const { verdict, lines, why } = verdictOf(error, unreadable(error) ?? fallback);
  service.log(verdict === 'failed' ? 'error' : 'info', reference, `Exiting: ${singleLine(lines.join('; '))}`);
  if (why !== lines.join('; '))
    service.log(verdict === 'failed' ? 'error' : 'info', reference, singleLine(why));
  // Whoever sends garbage to the port without saying who he is or what he wants is for the log alone.
  const isSomebody = request !== undefined || wire.peer.certificates.length > 0;
  if (isSomebody) record(connection, client, request, notes, verdict, why);
  await wire
    .write(encodeResponse({ status: 'error', lines: [...lines, `ref: ${reference}`] }))
    .catch(() => {});
}

/** Lines for a message that could not be read: too long, or not what was expected. */
function unreadable(error: unknown): readonly string[] | undefined {
  if (isLatchkeyError(error, 'myproxy/too-large')) return ['Error in myproxy_recv_ex()', error.message];
  if (isLatchkeyError(error, 'myproxy/malformed')) return ['error parsing request', error.message];
  return undefined;
}

function record(
  { wire, service, reference, started }: Connection,
  client: ClientIdentity,
  request: Request | undefined,
  notes: AuditNotes,
  verdict: 'done' | 'refused' | 'failed',
  why: string | undefined,
): void {
  service.audit({
    time: service.clock.now().toISOString(),
    reference,
    address: wire.peer.address,
    client: client.dn,
    ...(request === undefined ? {} : { command: request.command, username: request.username }),
    ...(request?.credentialName === undefined ? {} : { credentialName: request.credentialName }),
    ...notes,
    verdict,
    ...(why === undefined ? {} : { why }),
    durationMs: Math.round(performance.now() - started),
  });
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}

/** `7f3c-91aa`: short enough to be read out on the telephone. */
function newReference(): string {
  const hex = randomBytes(4).toString('hex');
  return `${hex.slice(0, 4)}-${hex.slice(4)}`;
}

/** Text from outside must not start a line of its own in a log. */
function singleLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 2_000);
}
