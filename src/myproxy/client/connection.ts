import type { TLSSocket } from 'node:tls';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { type Certificate, formatOneline } from '../../x509/index.ts';
import { MessageReader } from '../wire/message-reader.ts';
import type { ClientSettings } from './client-settings.ts';
import type { NoticeListener } from './notice.ts';
import type { LoadedIdentity } from './own-identity.ts';
import { checkServer } from './server-check.ts';
import { formatServer, type ServerAddress } from './server-list.ts';
import type { ServerPeer } from './server-peer.ts';
import { codeOf, connectTcp } from './tcp-connection.ts';
import { within } from './time-limit.ts';
import { isClosedCode, refusalReason, tlsError } from './tls-failure.ts';
import { handshake } from './tls-handshake.ts';
import { TlsSource } from './tls-source.ts';
import type { CurrentTrust } from './trust-source.ts';

/** A connection to a server that has proved who it is and was told that no GSI delegation follows. */
export interface ServerConnection {
  readonly peer: ServerPeer;
  /** Sends one message as one burst. A failure shows at the next {@link receive}, where the server's own words come first. */
  send(message: Uint8Array): Promise<void>;
  /** Reads an answer within the client's reply limit. `what` completes "the server sent no …". */
  receive<Value>(what: string, read: (reader: MessageReader) => Promise<Value>): Promise<Value>;
  close(): void;
}

/** What {@link openConnection} needs to know. */
export interface ConnectionOptions {
  readonly settings: ClientSettings;
  readonly servers: readonly ServerAddress[];
  readonly trust: CurrentTrust;
  readonly identity?: LoadedIdentity | undefined;
  /** Most bytes of one message of the server. */
  readonly maxMessageBytes: number;
  readonly notify: NoticeListener;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds to wait, under TLS 1.3, for a sign that the server has accepted our certificate. */
const ACCEPTANCE_MS = 1000;

/**
 * Connects to the first server that answers. A server that answers but is not trusted ends the search: another one
 * would hide the trouble. Nothing is sent before {@link checkServer} has passed.
 *
 * @throws LatchkeyError `myproxy/connect`, `myproxy/timed-out`, `myproxy/cancelled`, `myproxy/tls`, `myproxy/closed`,
 * `myproxy/client-refused`, `x509/trust-missing`, `x509/path-invalid`, `myproxy/server-identity`
 */
export async function openConnection(options: ConnectionOptions): Promise<ServerConnection> {
  return await firstServer(options, (server) => connectTo(server, options));
}

/**
 * Asks the first server that answers for its chain, and hangs up. Nothing about the answer can be believed, and
 * nothing is sent to whoever gave it: this is the first half of trust on first use.
 */
export async function dangerouslyPeekChain(
  options: Omit<ConnectionOptions, 'trust' | 'identity'>,
): Promise<{ readonly server: ServerAddress; readonly chain: readonly Certificate[] }> {
  return await firstServer(options, async (server) => {
    const { socket, chain } = await shakeHands(server, options);
    socket.destroy();
    return { server, chain };
  });
}

async function firstServer<Value>(
  { servers, notify }: Pick<ConnectionOptions, 'servers' | 'notify'>,
  connect: (server: ServerAddress) => Promise<Value>,
): Promise<Value> {
  let failure: unknown;
  for (const [index, server] of servers.entries()) {
    try {
      return await connect(server);
    } catch (error) {
      if (!isLatchkeyError(error, 'myproxy/connect') && !isLatchkeyError(error, 'myproxy/timed-out'))
        throw error;
      failure = error;
      if (index + 1 < servers.length) {
        notify({
          code: 'server-skipped',
          message: `${error.message}; trying the next server`,
          details: { host: server.host, port: server.port },
        });
      }
    }
  }
  throw failure;
}

async function shakeHands(server: ServerAddress, options: Omit<ConnectionOptions, 'trust'>) {
  const { settings, identity, signal, notify } = options;
  const { clock, environment, timeouts } = settings;
  const tcp = await connectTcp(server, {
    timeoutMs: timeouts.connect,
    portRange: environment.portRange,
    clock,
    signal,
    notify,
  });
  const address = tcp.remoteAddress ?? server.host;
  try {
    const hands = await handshake(tcp, {
      server,
      credential: identity?.credential,
      environment,
      timeoutMs: timeouts.handshake,
      clock,
      signal,
    });
    return { ...hands, address };
  } catch (error) {
    tcp.destroy();
    throw identity === undefined
      ? tlsError(formatServer(server), error)
      : certificateError(server, identity, error);
  }
}

async function connectTo(server: ServerAddress, options: ConnectionOptions): Promise<ServerConnection> {
  const { settings, identity, trust } = options;
  const { socket, chain, address } = await shakeHands(server, options);
  const source = new TlsSource(socket);
  try {
    await checkServer(chain, {
      server,
      address,
      trust: trust.store,
      trustDirectory: trust.directory,
      expectedDn: settings.serverDN,
      nameCompatibility: settings.environment.nameCompatibility,
      now: settings.clock.now(),
    });
    const tlsVersion = socket.getProtocol() ?? 'unknown';
    if (identity !== undefined && tlsVersion === 'TLSv1.3')
      await accepted(socket, source, server, identity, settings);
    // A record of its own: C servers wait for ever when the request is in the same one.
    await flush(socket, Buffer.from('0'));
    const leaf = chain[0];
    const peer: ServerPeer = {
      host: server.host,
      port: server.port,
      address,
      dn: leaf === undefined ? '' : formatOneline(leaf.subject),
      chain,
      tlsVersion,
      authenticated: identity !== undefined,
    };
    return conversation(socket, source, peer, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Under TLS 1.3 the handshake is over, for the client, before the server has looked at its certificate. A C server
 * then says one NUL, others send a session ticket; an alert or a close means that it was refused. A server that says
 * nothing is not waited for long.
 */
async function accepted(
  socket: TLSSocket,
  source: TlsSource,
  server: ServerAddress,
  identity: LoadedIdentity,
  settings: ClientSettings,
): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    source.settled(),
    // The event comes from inside OpenSSL's reading; what is written before it returns is garbled (Node 20).
    new Promise((resolve) => socket.once('session', () => setImmediate(resolve))),
    settings.clock.sleep(ACCEPTANCE_MS, over.signal).catch(() => {}),
  ]);
  over.abort();
  if (source.failure !== undefined) throw certificateError(server, identity, source.failure);
  if (source.isOver) throw clientRefused(server, identity, 'it closed the connection');
}

function conversation(
  socket: TLSSocket,
  source: TlsSource,
  peer: ServerPeer,
  { settings, identity, signal, maxMessageBytes }: ConnectionOptions,
): ServerConnection {
  const where = formatServer(peer);
  const reader = new MessageReader(source, {
    maxMessageBytes,
    skipLeadingNul: peer.tlsVersion === 'TLSv1.3',
    clock: settings.clock,
  });
  const limit = (what: string) => ({
    what,
    milliseconds: settings.timeouts.reply,
    clock: settings.clock,
    signal,
  });
  const stop = () => socket.destroy();
  let answered = false;
  return {
    peer,
    send: async (message) => {
      await within(limit(`${where} did not take the message`), () => flush(socket, message), stop).catch(
        (error) => {
          if (isLatchkeyError(error)) throw error;
        },
      );
    },
    receive: async (what, read) => {
      try {
        const value = await within(limit(`${where} sent no ${what}`), () => read(reader), stop);
        answered = true;
        return value;
      } catch (error) {
        const cause = source.failure ?? error;
        if (!answered && identity !== undefined && refusalReason(cause) !== undefined) {
          throw certificateError(peer, identity, cause);
        }
        if (isLatchkeyError(error, 'myproxy/closed') || isClosedCode(codeOf(error) ?? '')) {
          throw closedError(where, what, error);
        }
        throw tlsError(where, error);
      }
    },
    close: stop,
  };
}

async function flush(socket: TLSSocket, message: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.write(message, (error) => (error ? reject(error) : resolve()));
  });
}

/** A failed handshake in which we showed a certificate: most likely the certificate is why. */
function certificateError(server: ServerAddress, identity: LoadedIdentity, error: unknown): LatchkeyError {
  const reason = refusalReason(error);
  if (reason !== undefined) return clientRefused(server, identity, reason, error);
  if (isClosedCode(codeOf(error) ?? ''))
    return clientRefused(server, identity, 'it closed the connection', error);
  return tlsError(formatServer(server), error);
}

function clientRefused(
  server: ServerAddress,
  identity: LoadedIdentity,
  reason: string,
  cause?: unknown,
): LatchkeyError {
  return new LatchkeyError(
    'myproxy/client-refused',
    `${formatServer(server)} refused ${identity.description}: ${reason}`,
    {
      cause,
      hint:
        identity.path === undefined
          ? 'show another certificate, or none'
          : `if it is old or from elsewhere, remove it (rm ${identity.path}) or point X509_USER_PROXY or X509_USER_CERT and X509_USER_KEY to another`,
      details: { path: identity.path, reason },
    },
  );
}

function closedError(where: string, what: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('myproxy/closed', `${where} closed the connection and sent no ${what}`, {
    cause,
    retryable: true,
    hint: "the server's log says why; a request that takes longer than its time limit (120 s as a rule) ends like this",
  });
}
