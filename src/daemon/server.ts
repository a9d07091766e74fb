import { systemClock } from '../kit/index.ts';
import { type LogLevel, serveConversation } from '../myproxy/index.ts';
import { type Audit, openAudit } from './audit.ts';
import { type ConnectionSettings, listen } from './listener.ts';
import { openLog } from './log.ts';
import { ServerState } from './server-state.ts';
import type { ServerSettings } from './settings.ts';
import { loadSettings } from './settings-file.ts';
import { socketWire } from './socket-wire.ts';

/** A server that listens. */
export interface RunningServer {
  /** The address it listens on. */
  readonly address: { readonly host: string; readonly port: number };
  /** One-line subject of the server's own certificate: what clients set `MYPROXY_SERVER_DN` to. */
  readonly dn: string;
  /** Connections at this moment. */
  readonly connections: number;
  /**
   * Reads the settings' source, the trust directory and the server's own certificate again, and opens the logs again.
   * What is bad leaves the old in force, is logged, and rejects.
   */
  reload(): Promise<void>;
  /** Writes a line to the server's log. */
  log(level: LogLevel, line: string): void;
  /** Settles when the server has had its `maxConversations`, or was closed. */
  readonly ended: Promise<void>;
  /** Stops listening, lets running conversations end within `graceMs` (default 2,000), closes everything. */
  close(graceMs?: number): Promise<void>;
}

/** What a server may be given besides its settings. */
export interface StartOptions {
  /** Reads the settings anew on reload; default `loadSettings` of their source, if they have one. */
  readonly reread?: (() => Promise<ServerSettings>) | undefined;
  /** `ended` settles after this many conversations (`myproxy-server -d` serves one). */
  readonly maxConversations?: number | undefined;
}

/**
 * Starts a MyProxy server.
 *
 * @throws LatchkeyError when the settings cannot work: an unsafe policy, an unusable storage directory or certificate,
 * a port that is taken
 */
export async function startServer(
  settings: ServerSettings,
  options: StartOptions = {},
): Promise<RunningServer> {
  const { source } = settings;
  const reread = options.reread ?? (source === undefined ? undefined : () => loadSettings(source));
  const log = await openLog(settings.log, settings.ident);
  const audit = await openAuditOr(() => log.close(), settings.auditFile);
  const closeLogs = async (): Promise<void> => {
    await Promise.all([audit.close(), log.close()]);
  };
  try {
    const state = await ServerState.open(settings, { log, audit, clock: systemClock, reread });
    let served = 0;
    let closing: Promise<void> | undefined;
    let finish: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const listener = await listen({
      host: settings.listen.host,
      port: settings.listen.port,
      maxConnections: settings.limits.maxConnections,
      maxConnectionsPerAddress: settings.limits.maxConnectionsPerAddress,
      settings: () => connectionSettings(state),
      serve: async (socket, connection) => {
        const wire = socketWire(socket, connection);
        await state.notice();
        await serveConversation(wire, state.service, connection.signal);
        served += 1;
        if (served === options.maxConversations) finish();
      },
      log: (level, line) => log.write(level, line),
    });
    log.write('info', `Socket bound to ${listener.host}:${listener.port}`);
    log.write('info', `Starting ${settings.ident} on ${settings.listen.host ?? '*'}:${listener.port}...`);
    return {
      address: { host: listener.host, port: listener.port },
      get dn() {
        return state.credential.dn;
      },
      get connections() {
        return listener.connections;
      },
      log: (level, line) => log.write(level, line),
      ended,
      reload: async () => {
        log.reopen();
        audit.reopen();
        await state.reload();
      },
      close: (graceMs = 2_000) => {
        closing ??= (async () => {
          await listener.close(graceMs);
          await state.close();
          await closeLogs();
          finish();
        })();
        return closing;
      },
    };
  } catch (error) {
    await closeLogs();
    throw error;
  }
}

async function openAuditOr(undo: () => Promise<void>, path: string | undefined): Promise<Audit> {
  try {
    return openAudit(path);
  } catch (error) {
    await undo();
    throw error;
  }
}

function connectionSettings({ settings, credential }: ServerState): ConnectionSettings {
  const { requestTimeoutSeconds, requestSizeBytes } = settings.limits;
  return {
    secureContext: credential.secureContext,
    requestTimeoutMs: requestTimeoutSeconds * 1_000,
    maxMessageBytes: requestSizeBytes > 0 ? requestSizeBytes : Number.POSITIVE_INFINITY,
  };
}
