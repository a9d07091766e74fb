import {
  type Credential,
  type CredentialLocation,
  formatOneline,
  identityOf,
  type KeyAlgorithm,
  locateClientCredentials,
  locateTrustDirectory,
  readProxyFile,
  writeProxyFile,
} from '../../x509/index.ts';
import { askPassphraseChange, type ChangePassphraseOptions } from './change-pass-phrase.ts';
import type { MyProxyClientOptions, OperationOptions } from './client-options.ts';
import { type ClientSettings, resolveSettings } from './client-settings.ts';
import { askDestroy, type DestroyOptions } from './destroy.ts';
import { askInfo, type InfoOptions, type InfoResult } from './info.ts';
import {
  askAuthentication,
  askDelegation,
  type Delegation,
  type LogonOptions,
  type LogonResult,
  type LogonWithRequestOptions,
} from './logon.ts';
import { type Operation, ownIdentity, startOperation } from './operation.ts';
import { askPut, type PutOptions, type PutResult } from './put.ts';
import { askRetrieve, type RetrieveOptions, type RetrieveResult } from './retrieve.ts';
import type { ServerPeer } from './server-peer.ts';
import { askStore, type StoreOptions, type StoreResult } from './store.ts';
import { askTrustRoots, type TrustRootsOptions, type TrustRootsResult } from './trust-roots.ts';
import { TrustSource } from './trust-source.ts';

/**
 * A client of MyProxy servers. It holds settings, no connection: every operation connects anew, and several may run at
 * the same time. Every operation rejects with a LatchkeyError: `myproxy/server-refused` when the server said no
 * (`details.lines` are its words, `details.reason` what they mean), `x509/trust-missing`, `x509/path-invalid` or
 * `myproxy/server-identity` when the server is not trusted (nothing was sent to it then), `myproxy/connect`,
 * `myproxy/timed-out`, `myproxy/closed`, `myproxy/tls`, `myproxy/client-refused`, `myproxy/malformed`,
 * `myproxy/cancelled`, or what is wrong with files and settings.
 */
export class MyProxyClient {
  readonly #options: MyProxyClientOptions;
  readonly #settings: ClientSettings;
  readonly #trust: TrustSource;

  /** @throws LatchkeyError `config/invalid`, `config/malformed`, `file/io` for settings that cannot be used */
  constructor(options: MyProxyClientOptions = {}) {
    this.#options = options;
    this.#settings = resolveSettings(options);
    this.#trust = new TrustSource(this.#settings);
  }

  /** The servers, as they were written; undefined when none is named. */
  get hostname(): string | undefined {
    return this.#settings.hostname;
  }

  /** Port of servers written without one. */
  get port(): number {
    return this.#settings.port;
  }

  /** The one-line name the server must have. */
  get serverDN(): string | undefined {
    return this.#settings.serverDN;
  }

  /** The trust directory, if one was chosen; otherwise it is looked for whenever it is needed. */
  get caCertDir(): string | undefined {
    return this.#trust.caCertDir;
  }

  set caCertDir(directory: string | undefined) {
    this.#trust.caCertDir = directory;
  }

  /** Seconds that `logon` asks for. */
  get proxyCertLifetime(): number {
    return this.#settings.proxyCertLifetime;
  }

  /** Seconds that `put` and `store` allow for later delegations. */
  get proxyCertMaxLifetime(): number {
    return this.#settings.proxyCertMaxLifetime;
  }

  /** Kind of the keys that `logon` makes. */
  get keyAlgorithm(): KeyAlgorithm {
    return this.#settings.keyAlgorithm;
  }

  /** The OpenSSL configuration that the configuration file named. */
  get openSSLConfFilePath(): string | undefined {
    return this.#settings.openSSLConfFilePath;
  }

  /** A client with some settings changed. */
  with(options: MyProxyClientOptions): MyProxyClient {
    return new MyProxyClient({ ...this.#options, caCertDir: this.caCertDir, ...options });
  }

  /**
   * The name in one-line form that servers will know us by (that of the end entity, also behind a proxy): what
   * `-d`, `--dn_as_username` uses as user name.
   *
   * @throws LatchkeyError `x509/credential-missing` when there is no credential
   */
  async ownDn(options: OperationOptions & { readonly endEntityFirst?: boolean } = {}): Promise<string> {
    const needs = { identity: 'required', endEntityFirst: options.endEntityFirst ?? false } as const;
    const identity = await ownIdentity(this.#start(options), needs);
    const name = identityOf(identity?.credential.chain ?? []);
    return name === undefined ? '' : formatOneline(name);
  }

  /** Retrieves a delegated proxy of a stored credential, or a new certificate from a server that is a CA (GET). */
  async logon(options: LogonWithRequestOptions): Promise<Delegation>;
  async logon(options: LogonOptions): Promise<LogonResult>;
  async logon(options: LogonOptions | LogonWithRequestOptions): Promise<Delegation | LogonResult> {
    return await askDelegation(this.#start(options), options);
  }

  /** The same as {@link logon}, under its other name. */
  async getDelegation(options: LogonWithRequestOptions): Promise<Delegation>;
  async getDelegation(options: LogonOptions): Promise<LogonResult>;
  async getDelegation(options: LogonOptions | LogonWithRequestOptions): Promise<Delegation | LogonResult> {
    return await askDelegation(this.#start(options), options);
  }

  /** Only proves that the pass phrase, or the renewal, is accepted; nothing is delegated (`myproxy-logon -N`). */
  async authenticate(options: LogonOptions): Promise<ServerPeer> {
    return await askAuthentication(this.#start(options), options);
  }

  /** Fetches the server's trust roots (TRUSTROOTS), and installs them if `writeToCACertDir` says so. */
  async getTrustRoots(options: TrustRootsOptions = {}): Promise<TrustRootsResult> {
    return await askTrustRoots(this.#start(options), options);
  }

  /** What the caller has stored under a user name (INFO). To have nothing is no error. */
  async info(options: InfoOptions): Promise<InfoResult> {
    return await askInfo(this.#start(options), options);
  }

  /** True when the caller has stored a credential under this user name, and this name if one is given. */
  async exists(options: InfoOptions): Promise<boolean> {
    return (await this.info(options)).exists;
  }

  /** Removes a stored credential (DESTROY). */
  async destroy(options: DestroyOptions): Promise<ServerPeer> {
    return await askDestroy(this.#start(options), options);
  }

  /** Changes the pass phrase that protects a stored credential (CHANGE). */
  async changePassphrase(options: ChangePassphraseOptions): Promise<ServerPeer> {
    return await askPassphraseChange(this.#start(options), options);
  }

  /** Uploads a certificate and its key as they are (STORE). To leave the key at home, {@link put} a proxy of it instead. */
  async store(options: StoreOptions): Promise<StoreResult> {
    return await askStore(this.#start(options), options);
  }

  /** Downloads a stored certificate and its key (RETRIEVE), if the server lets anybody do that. */
  async retrieve(options: RetrieveOptions): Promise<RetrieveResult> {
    return await askRetrieve(this.#start(options), options);
  }

  /** Delegates a proxy, a week long by default, for the server to keep (PUT). No private key is sent. */
  async put(options: PutOptions): Promise<PutResult> {
    return await askPut(this.#start(options), options);
  }

  /** Goes back to the trust directory of the environment, and says which that is, if there is one. */
  async setDefaultCACertDir(): Promise<string | undefined> {
    this.#trust.caCertDir = undefined;
    return await locateTrustDirectory({ env: this.#settings.env });
  }

  /** Where the user's own certificate and key are (`X509_USER_PROXY`, `X509_USER_CERT` and `_KEY`, `~/.globus`, `/tmp/x509up_u<uid>`). */
  static async locateClientCredentials(
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<CredentialLocation | undefined> {
    return await locateClientCredentials({ env });
  }

  /** Reads a proxy file; default the one that `X509_USER_PROXY` or the user id names. */
  static async readProxyFile(path?: string): Promise<Credential> {
    return await readProxyFile(path);
  }

  /** Writes a proxy file (0600): certificate, key, chain. Resolves to its path. */
  static async writeProxyFile(credential: Credential, path?: string): Promise<string> {
    return await writeProxyFile(credential, path);
  }

  #start(options: OperationOptions): Operation {
    return startOperation(this.#settings, this.#trust, options);
  }
}
