import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type Clock, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import {
  KeyPool,
  type MyProxyService,
  StoredChains,
  TrustRootFiles,
  vomsAttributes,
} from '../myproxy/index.ts';
import {
  createEnvelope,
  type Envelope,
  type EnvelopeKeySource,
  FileStore,
  findUnsafePolicy,
  KeyVault,
  loadEnvelopeKey,
  Throttle,
} from '../repository/index.ts';
import { type LoadedVomsDirectory, loadVomsDirectory, locateVomsDirectory } from '../voms/index.ts';
import { loadTrustDirectory, locateTrustDirectory, type TrustDirectory } from '../x509/index.ts';
import type { Audit } from './audit.ts';
import type { Log } from './log.ts';
import {
  loadServerCredential,
  locateServerCredential,
  type ServerCredential,
  type ServerCredentialFiles,
} from './server-credential.ts';
import type { ServerSettings } from './settings.ts';
import { Watch } from './watch.ts';

/** Nobody saves a configuration in pieces that are further apart; whoever does not want to wait sends SIGHUP. */
const SETTLE_MS = 1_000;

/** What a {@link ServerState} is made with. */
export interface ServerStateOptions {
  readonly log: Log;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Reads the settings anew; absent = the rules stay as they are. */
  readonly reread: (() => Promise<ServerSettings>) | undefined;
}

/** The parts of a service that outlive a reload. */
type Lasting = Omit<MyProxyService, 'policy' | 'resealOldKeys' | 'trustRoots' | 'attributes'> & {
  readonly store: FileStore;
};

/**
 * Everything behind the listener: store, trust, the server's own certificate, and the rules in force. What changes on
 * disk is noticed; what is bad is logged and leaves the old in force.
 */
export class ServerState {
  readonly #options: ServerStateOptions;
  readonly #lasting: Lasting;
  readonly #trust: TrustDirectory;
  readonly #vomsDirectory: LoadedVomsDirectory | undefined;
  readonly #files: ServerCredentialFiles;
  readonly #settingsWatch: Watch;
  readonly #credentialWatch: Watch;
  #settings: ServerSettings;
  #service: MyProxyService;
  #credential: ServerCredential;

  private constructor(
    options: ServerStateOptions,
    settings: ServerSettings,
    parts: {
      readonly lasting: Lasting;
      readonly service: MyProxyService;
      readonly trust: TrustDirectory;
      readonly vomsDirectory: LoadedVomsDirectory | undefined;
      readonly files: ServerCredentialFiles;
      readonly credential: ServerCredential;
    },
  ) {
    this.#options = options;
    this.#settings = settings;
    this.#lasting = parts.lasting;
    this.#service = parts.service;
    this.#trust = parts.trust;
    this.#vomsDirectory = parts.vomsDirectory;
    this.#files = parts.files;
    this.#credential = parts.credential;
    const { source, alsoRead = [] } = settings;
    this.#settingsWatch = new Watch(source === undefined ? [] : [source, ...alsoRead], options.clock, {
      settleMs: SETTLE_MS,
    });
    this.#credentialWatch = new Watch([parts.files.certificate, parts.files.key], options.clock);
  }

  /** @throws LatchkeyError when the settings cannot work */
  static async open(settings: ServerSettings, options: ServerStateOptions): Promise<ServerState> {
    const { log, audit, clock } = options;
    checkPolicy(settings);
    for (const finding of settings.findings ?? []) log.write('warn', finding);
    const trust = await openTrust(settings.trustDirectory);
    log.write('info', `trust directory ${trust.path}: ${trust.authorities.length} authorities`);
    const vomsDirectory = await openVomsDirectory(settings.vomsDirectory, log);
    const store = await FileStore.open(settings.storage, {
      envelope: await openEnvelope(settings.sealing.serverKeys),
      onFinding: (finding) => log.write('warn', `${finding.file}: ${finding.message}`),
    });
    log.write('info', `using storage directory ${settings.storage}`);
    const files = await locateServerCredential(settings.credential);
    const credential = await loadServerCredential(files, trust, settings.listen, clock.now());
    const lasting: Lasting = {
      store,
      trust,
      clock,
      voms: vomsDirectory === undefined ? undefined : { directory: vomsDirectory, host: hostname() },
      vault: new KeyVault({ rememberSeconds: settings.sealing.rememberSeconds, clock }),
      throttle: new Throttle({ clock }),
      chains: new StoredChains(),
      keys: new KeyPool(),
      log: (level, reference, line) => log.write(level, line, reference),
      audit: (entry) => audit.write(entry),
    };
    const service = await serviceOf(settings, lasting);
    const state = new ServerState(options, settings, {
      ...{ lasting, service, trust, vomsDirectory, files, credential },
    });
    // The first look only remembers how the files are now.
    await Promise.all([state.#settingsWatch.hasChanged(), state.#credentialWatch.hasChanged()]);
    lasting.keys.fill();
    return state;
  }

  get settings(): ServerSettings {
    return this.#settings;
  }

  /** For the next conversation; running ones keep what they began with. */
  get service(): MyProxyService {
    return this.#service;
  }

  get credential(): ServerCredential {
    return this.#credential;
  }

  /** Looks whether files have changed, at most twice a second, and takes the new contents. Never rejects. */
  async notice(): Promise<void> {
    if (await this.#settingsWatch.hasChanged())
      await this.#attempt('configuration', () => this.#readSettings());
    if (await this.#credentialWatch.hasChanged()) {
      await this.#attempt('server certificate', () => this.#readCredential());
    }
    await this.#attempt('trust directory', () => this.#refreshTrust());
    await this.#attempt('VOMS directory', () => this.#refreshVoms());
  }

  /** Reads everything again; rejects with the first thing that was bad, after trying all. */
  async reload(): Promise<void> {
    await this.#settingsWatch.accept();
    const errors = [
      await this.#attempt('configuration', () => this.#readSettings()),
      await this.#attempt('trust directory', () => this.#refreshTrust()),
      await this.#attempt('server certificate', () => this.#readCredential()),
      await this.#attempt('VOMS directory', () => this.#refreshVoms()),
    ];
    const first = errors.find((error) => error !== undefined);
    if (first !== undefined) throw first;
  }

  /** Forgets every key in memory and lets go of the storage directory. */
  async close(): Promise<void> {
    this.#lasting.keys.close();
    this.#lasting.vault.forget();
    await this.#lasting.store.close();
  }

  async #readSettings(): Promise<void> {
    if (this.#options.reread === undefined) return;
    const settings = await this.#options.reread();
    checkPolicy(settings);
    this.#service = await serviceOf(settings, this.#lasting);
    this.#settings = settings;
    for (const finding of settings.findings ?? []) this.#options.log.write('warn', finding);
    this.#say(`reading configuration file ${settings.source ?? ''}`.trimEnd());
  }

  async #readCredential(): Promise<void> {
    const now = this.#options.clock.now();
    const next = await loadServerCredential(this.#files, this.#trust, this.#settings.listen, now);
    if (next.fingerprint !== this.#credential.fingerprint)
      this.#say(`server certificate ${next.dn} read anew`);
    this.#credential = next;
  }

  async #refreshTrust(): Promise<void> {
    if (!(await this.#trust.refresh(this.#options.clock.now()))) return;
    this.#lasting.chains.forgetVerdicts();
    this.#say(`trust directory ${this.#trust.path} has changed: read anew`);
    await this.#readCredential();
  }

  async #refreshVoms(): Promise<void> {
    await this.#vomsDirectory?.refresh(this.#options.clock.now());
  }

  /** Runs one part of a reload; a failure is logged and returned, and leaves the old in force. */
  async #attempt(what: string, task: () => Promise<void>): Promise<unknown> {
    try {
      await task();
      return undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.log.write('error', `${what} not reloaded, the old one stays in force: ${why}`);
      return error;
    }
  }

  #say(line: string): void {
    this.#options.log.write('info', line);
  }
}

async function serviceOf(settings: ServerSettings, lasting: Lasting): Promise<MyProxyService> {
  const trustRoots = settings.trustRoots === undefined ? undefined : new TrustRootFiles(settings.trustRoots);
  const [finding] = (await trustRoots?.findings()) ?? [];
  if (finding !== undefined) {
    throw new LatchkeyError('config/invalid', finding.message.trim(), {
      hint: 'every file of cert_dir must be world-readable',
    });
  }
  const { policy, sealing } = settings;
  const attributes =
    policy.vomsAttributes === undefined ? undefined : vomsAttributes(policy.vomsAttributes.userConf);
  return { ...lasting, policy, resealOldKeys: sealing.resealOldKeys, trustRoots, attributes };
}

/** @throws LatchkeyError `config/invalid` with the C server's words */
function checkPolicy({ policy }: ServerSettings): void {
  const unsafe = findUnsafePolicy(policy.access);
  if (unsafe === undefined) return;
  throw new LatchkeyError('config/invalid', unsafe, {
    hint: 'everybody could take every credential that is stored without pass phrase; set default_trusted_retrievers, for example to "none"',
  });
}

/** The envelope under the server keys of the settings; none without keys. @throws LatchkeyError what {@link loadEnvelopeKey} throws */
export async function openEnvelope(
  sources: readonly EnvelopeKeySource[] = [],
): Promise<Envelope | undefined> {
  const [current, ...old] = await Promise.all(sources.map((source) => loadEnvelopeKey(source)));
  return current === undefined ? undefined : createEnvelope([current, ...old]);
}

async function openTrust(wanted: string | undefined): Promise<TrustDirectory> {
  const path = wanted ?? (await locateTrustDirectory());
  if (path === undefined) {
    throw new LatchkeyError('x509/trust-missing', 'no trust directory: clients could not be authenticated', {
      hint: 'set trust_directory, or X509_CERT_DIR, to a directory of CA certificates and signing policies',
    });
  }
  return loadTrustDirectory(resolve(path));
}

/** The VOMS directory; none where nobody asks for one. @throws LatchkeyError `voms/directory-missing` when the settings name it */
async function openVomsDirectory(
  wanted: string | undefined,
  log: Log,
): Promise<LoadedVomsDirectory | undefined> {
  try {
    const directory = await loadVomsDirectory(resolve(wanted ?? locateVomsDirectory()));
    log.write('info', `VOMS directory ${directory.path}: ${directory.files.length} files`);
    for (const { file, message } of directory.findings) log.write('warn', `${file}: ${message}`);
    return directory;
  } catch (error) {
    if (wanted !== undefined || !isLatchkeyError(error, 'voms/directory-missing')) throw error;
    log.write('debug', `no VOMS directory, so that clients have no attributes: ${error.message}`);
    return undefined;
  }
}
