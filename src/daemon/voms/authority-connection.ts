import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type Clock, isLatchkeyError } from '../../kit/index.ts';
import {
  type AuthorityOutcome,
  answerRequest,
  type IdentifiedClient,
  identifyAttributeClient,
  readServedRequest,
  type ServedRequest,
} from '../../voms/index.ts';
import { parseCertificate, sentChain } from '../../x509/index.ts';
import type { LineFile } from '../line-file.ts';
import type { Connection } from '../listener.ts';
import type { Log } from '../log.ts';
import { socketSource } from '../socket-source.ts';
import type { AuthorityState } from './authority-state.ts';

/** One line of the audit log of an authority. */
interface AuthorityAuditEntry {
  readonly time: string;
  readonly reference: string;
  readonly address: string;
  readonly client: string;
  readonly command: 'VOMS';
  readonly vo: string;
  readonly protocol?: ServedRequest['protocol'];
  readonly verdict: AuthorityOutcome['verdict'];
  readonly why?: string;
  readonly fqans?: readonly string[];
  readonly lifetimeSeconds?: number;
  /** Hexadecimal serial number of the attribute certificate. */
  readonly serialNumber?: string;
  readonly durationMs: number;
}

/** What a connection is served with. */
export interface AuthorityService {
  readonly state: AuthorityState;
  readonly log: Log;
  readonly audit: LineFile | undefined;
  readonly clock: Clock;
  /** The port clients reach: it stands in what is issued. */
  readonly port: number;
}

const LINGER_MS = 2_000;

/** Serves one connection: one request, one answer. Never rejects. */
export async function serveAuthority(
  socket: TLSSocket,
  connection: Connection,
  service: AuthorityService,
): Promise<void> {
  const { state, log, clock, port } = service;
  const began = clock.now();
  const reference = randomBytes(4).toString('hex').replace(/^.{4}/, '$&-');
  const certificates = sentChain(socket.getPeerX509Certificate());
  let client: IdentifiedClient | string = '<unknown>';
  let served: ServedRequest | undefined;
  let outcome: Omit<AuthorityOutcome, 'bytes'> = { verdict: 'failed' };
  try {
    await state.notice();
    served = await readRequest(socket);
    if (served === undefined) outcome = { verdict: 'failed', why: 'the client closed the connection' };
    else {
      client = identify(certificates, state, clock.now());
      const answer = await answerRequest(state.authority(port), client, served, clock.now());
      outcome = answer;
      await send(socket, answer.bytes, connection.signal);
    }
  } catch (error) {
    const why = reasonOf(connection.signal.aborted ? connection.signal.reason : error);
    outcome = { ...outcome, verdict: 'failed', why };
    if (!isLatchkeyError(error) && !connection.signal.aborted) log.write('error', why, reference);
  } finally {
    socket.destroy();
    write(service, { connection, reference, client, served, outcome, began });
  }
}

async function readRequest(socket: TLSSocket): Promise<ServedRequest | undefined> {
  const source = socketSource(socket);
  let room = Buffer.alloc(4_096);
  for (let size = 0; ; ) {
    const chunk = await source.read();
    if (chunk === undefined) return undefined;
    // Twice as much each time: one who sends byte by byte must not have everything copied each time.
    if (size + chunk.length > room.length) room = Buffer.concat([room], 2 * (size + chunk.length));
    room.set(chunk, size);
    const served = readServedRequest(room.subarray(0, size + chunk.length), size);
    if (served !== undefined) return served;
    size += chunk.length;
  }
}

function identify(
  certificates: readonly Buffer[],
  { trust, verified }: AuthorityState,
  now: Date,
): IdentifiedClient | string {
  try {
    return identifyAttributeClient(
      certificates.map((der) => parseCertificate(der)),
      { trust, verified, now },
    );
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    return `your certificate could not be read: ${error.message}`;
  }
}

/** Sends the answer and says goodbye: clients of the older interface know its end by that. */
function send(socket: TLSSocket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('close', () => resolve());
    // What the client still sends would turn the close into a reset that overtakes the answer.
    socket.removeAllListeners('readable');
    socket.resume();
    socket.end(bytes, () => {
      setTimeout(() => resolve(), LINGER_MS).unref();
      socket.once('end', () => resolve());
    });
  });
}

function write(
  { state, log, audit, clock }: AuthorityService,
  told: {
    readonly connection: Connection;
    readonly reference: string;
    readonly client: IdentifiedClient | string;
    readonly served: ServedRequest | undefined;
    readonly outcome: Omit<AuthorityOutcome, 'bytes'>;
    readonly began: Date;
  },
): void {
  const { outcome, served } = told;
  const now = clock.now();
  const entry: AuthorityAuditEntry = {
    time: now.toISOString(),
    reference: told.reference,
    address: told.connection.address,
    client: typeof told.client === 'string' ? '<unknown>' : told.client.dn,
    command: 'VOMS',
    vo: state.membership.vo,
    ...(served === undefined ? {} : { protocol: served.protocol }),
    verdict: outcome.verdict,
    ...(outcome.why === undefined ? {} : { why: outcome.why }),
    ...(outcome.fqans === undefined ? {} : { fqans: outcome.fqans }),
    ...(outcome.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: outcome.lifetimeSeconds }),
    ...(outcome.serialNumber === undefined ? {} : { serialNumber: outcome.serialNumber.toString(16) }),
    durationMs: now.getTime() - told.began.getTime(),
  };
  audit?.write(`${JSON.stringify(entry)}\n`);
  const what =
    outcome.verdict === 'done'
      ? `attributes of ${entry.vo} for ${entry.client}: ${entry.fqans?.join(', ')}`
      : `${outcome.verdict} ${entry.client} from ${entry.address}: ${entry.why ?? ''}`;
  log.write(outcome.verdict === 'failed' ? 'warn' : 'info', what, told.reference);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
