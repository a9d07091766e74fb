import { LatchkeyError, systemClock } from '../kit/index.ts';
import {
  Exclusive,
  KeyPool,
  type MyProxyService,
  StoredChains,
  serveConversation,
  TrustRootFiles,
  type Wire,
} from '../myproxy/index.ts';
import { FileStore, findUnsafePolicy, KeyVault, Throttle } from '../repository/index.ts';
import { loadTrustDirectory, locateTrustDirectory, type TrustDirectory } from '../x509/index.ts';
import { openAudit } from './audit.ts';
import { type ConnectionSettings, listen } from './listener.ts';
import { openLog } from './log.ts';
import { loadServerCredential, locateServerCredential, type ServerCredential } from './server-credential.ts';
import type { ServerSettings } from './settings.ts';
import { loadSettings } from './settings-file.ts';
import { Watch } from './watch.ts';

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
  /** Settles when the server has ended by itself (only with `maxConversations`). */
  readonly ended: Promise<void>;
  /** Stops listening, lets running conversations end within `graceMs` (default 2,000), closes everything. */
  close(graceMs?: number): Promise<void>;
}

/** What a server may be given besides its settings. */
export interface StartOptions {
  /** Reads the settings anew on reload; default `loadSettings` of their source. */
  readonly reread?: () => Promise<ServerSettings>;
  /** Stops accepting after this many conversations (`myproxy-server -d` serves one). */
  readonly maxConversations?: number;
}

/** The parts that a reload replaces as one. */
interface Generation {
  readonly settings: ServerSettings;
  readonly service: MyProxyService;
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
  checkPolicy(settings);
  const clock = systemClock;
  const log = await openLog(settings.log, settings.ident);
  const audit = openAudit(settings.auditFile);
  const say = (line: string): void => log.write('info', line);

  const trust = await openTrust(settings, say);
  const store = await FileStore.open(settings.storage, {
    onFinding: (finding) => log.write('warn', `${finding.file}: ${finding.message}`),
  });
  say(`using storage directory ${settings.storage}`);
  const files = await locateServerCredential(settings.credential);
  let credential: ServerCredential = await loadServerCredential(files, trust, settings.listen, clock.now());

  const shared = {
    store,
    trust,
    clock,
    vault: new KeyVault({ rememberSeconds: settings.sealing.rememberSeconds, clock }),
    throttle: new Throttle({ clock }),
    chains: new StoredChains(),
    exclusive: new Exclusive(),
    keys: new KeyPool(),
    log: (level, reference, line) => log.write(level, line, reference),
    audit: (entry) => audit.write(entry),
  } satisfies Partial<MyProxyService>;
  const generationOf = async (from: ServerSettings): Promise<Generation> => {
    checkPolicy(from);
    const trustRoots = from.trustRoots === undefined ? undefined : new TrustRootFiles(from.trustRoots);
    for (const finding of (await trustRoots?.findings()) ?? []) {
      throw new LatchkeyError('config/invalid', finding.message.trim(), {
        hint: 'every file of cert_dir must be world-readable',
      });
    }
    const { policy, sealing } = from;
    return {
      settings: from,
      service: { ...shared, policy, resealOldKeys: sealing.resealOldKeys, trustRoots },
    };
  };
  let current = await generationOf(settings);
  for (const finding of settings.findings ?? []) log.write('warn', finding);
  const { source } = settings;
  const reread = options.reread ?? (source === undefined ? undefined : () => loadSettings(source));

  const reloadCredential = async (): Promise<void> => {
    const next = await loadServerCredential(files, trust, settings.listen, clock.now());
    if (next.fingerprint !== credential.fingerprint) say(`server certificate ${next.dn} read anew`);
    credential = next;
  };
  const reloadSettings = async (): Promise<void> => {
    if (reread === undefined) return;
    current = await generationOf(await reread());
    for (const finding of current.settings.findings ?? []) log.write('warn', finding);
    say(`reading configuration file ${current.settings.source ?? ''}`.trimEnd());
  };
  const refreshTrust = async (): Promise<void> => {
    if (await trust.refresh(clock.now())) {
      shared.chains.forgetVerdicts();
      say(`trust directory ${trust.path} has changed: read anew`);
      await reloadCredential();
    }
  };
  /** Runs one part of a reload; what fails leaves the old in force. */
  const attempt = async (what: string, task: () => Promise<void>): Promise<unknown> => {
    try {
      await task();
      return undefined;
    } catch (error) {
      log.write('error', `${what} not reloaded, the old one stays in force: ${messageOf(error)}`);
      return error;
    }
  };

  const configuration = new Watch(source === undefined ? [] : [source, ...(settings.alsoRead ?? [])], clock);
  const certificate = new Watch([files.certificate, files.key], clock);
  await Promise.all([configuration.hasChanged(), certificate.hasChanged()]);
  const notice = async (): Promise<void> => {
    if (await configuration.hasChanged()) await attempt('configuration', reloadSettings);
    if (await certificate.hasChanged()) await attempt('server certificate', reloadCredential);
    await attempt('trust directory', refreshTrust);
  };

  let served = 0;
  let finish: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const serve = async (wire: Wire, signal: AbortSignal): Promise<void> => {
    await notice();
    await serveConversation(wire, current.service, signal);
    served += 1;
    if (served === options.maxConversations) finish();
  };
  const listener = await listen({
    host: settings.listen.host,
    port: settings.listen.port,
    maxConnections: settings.limits.maxConnections,
    maxConnectionsPerAddress: settings.limits.maxConnectionsPerAddress,
    settings: (): ConnectionSettings => {
      const { requestTimeoutSeconds, requestSizeBytes } = current.settings.limits;
      return {
        secureContext: credential.secureContext,
        requestTimeoutMs: requestTimeoutSeconds * 1_000,
        maxMessageBytes: requestSizeBytes > 0 ? requestSizeBytes : Number.POSITIVE_INFINITY,
      };
    },
    serve,
    log: (level, line) => log.write(level, line),
  });
  say(`Socket bound to ${listener.host}:${listener.port}`);
  say(`Starting ${settings.ident} on ${settings.listen.host ?? '*'}:${listener.port}...`);
  shared.keys.fill();

  return {
    address: { host: listener.host, port: listener.port },
    get dn() {
      return credential.dn;
    },
    get connections() {
      return listener.connections;
    },
    ended,
    reload: async () => {
      log.reopen();
      audit.reopen();
      const errors = [
        await attempt('configuration', reloadSettings),
        await attempt('trust directory', refreshTrust),
        await attempt('server certificate', reloadCredential),
      ];
      const first = errors.find((error) => error !== undefined);
      if (first !== undefined) throw first;
    },
    close: async (graceMs = 2_000) => {
      await listener.close(graceMs);
      shared.keys.close();
      shared.vault.forget();
      await audit.close();
      await log.close();
      finish();
    },
  };
}

/** @throws LatchkeyError `config/invalid` with the C server's words */
function checkPolicy({ policy }: ServerSettings): void {
  const unsafe = findUnsafePolicy(policy.access);
  if (unsafe === undefined) return;
  throw new LatchkeyError('config/invalid', unsafe, {
    hint: 'everybody could take every credential that is stored without pass phrase; set default_trusted_retrievers, for example to "none"',
  });
}

async function openTrust(settings: ServerSettings, say: (line: string) => void): Promise<TrustDirectory> {
  const path = settings.trustDirectory ?? (await locateTrustDirectory());
  if (path === undefined) {
    throw new LatchkeyError('x509/trust-missing', 'no trust directory: clients could not be authenticated', {
      hint: 'set trust_directory, or X509_CERT_DIR, to a directory of CA certificates and signing policies',
    });
  }
  const trust = await loadTrustDirectory(path);
  say(`trust directory ${path}: ${trust.authorities.length} authorities`);
  return trust;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
