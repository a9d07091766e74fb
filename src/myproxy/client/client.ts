import type { Credential, CredentialLocation } from '../../x509/index.ts';
import type { ChangePassphraseOptions } from './change-pass-phrase.ts';
import type { MyProxyClientOptions } from './client-options.ts';
import type { DestroyOptions } from './destroy.ts';
import type { InfoOptions, InfoResult } from './info.ts';
import type { Delegation, LogonOptions, LogonResult, LogonWithRequestOptions } from './logon.ts';
import type { PutOptions, PutResult } from './put.ts';
import type { RetrieveOptions, RetrieveResult } from './retrieve.ts';
import type { ServerPeer } from './server-peer.ts';
import type { StoreOptions, StoreResult } from './store.ts';
import type { TrustRootsOptions, TrustRootsResult } from './trust-roots.ts';

/** A client of MyProxy servers. It holds settings, no connection: every operation connects anew, and operations may run at the same time. */
export class MyProxyClient {
  constructor(_options: MyProxyClientOptions = {}) {}

  /** Retrieves a delegated proxy (GET). */
  async logon(options: LogonWithRequestOptions): Promise<Delegation>;
  async logon(options: LogonOptions): Promise<LogonResult>;
  async logon(_options: LogonOptions | LogonWithRequestOptions): Promise<Delegation | LogonResult> {
    throw new TypeError('not written yet');
  }

  /** The same as {@link logon}, under its other name. */
  async getDelegation(options: LogonOptions): Promise<LogonResult> {
    return await this.logon(options);
  }

  /** Only proves that the pass phrase (or the renewal) is accepted; nothing is delegated (`myproxy-logon -N`). */
  async authenticate(_options: LogonOptions): Promise<ServerPeer> {
    throw new TypeError('not written yet');
  }

  async getTrustRoots(_options: TrustRootsOptions = {}): Promise<TrustRootsResult> {
    throw new TypeError('not written yet');
  }

  async info(_options: InfoOptions): Promise<InfoResult> {
    throw new TypeError('not written yet');
  }

  /** True when the caller owns a credential under this name. */
  async exists(options: InfoOptions): Promise<boolean> {
    return (await this.info(options)).exists;
  }

  async destroy(_options: DestroyOptions): Promise<ServerPeer> {
    throw new TypeError('not written yet');
  }

  async changePassphrase(_options: ChangePassphraseOptions): Promise<ServerPeer> {
    throw new TypeError('not written yet');
  }

  async store(_options: StoreOptions): Promise<StoreResult> {
    throw new TypeError('not written yet');
  }

  async retrieve(_options: RetrieveOptions): Promise<RetrieveResult> {
    throw new TypeError('not written yet');
  }

  async put(_options: PutOptions): Promise<PutResult> {
    throw new TypeError('not written yet');
  }

  /** Where the user's own certificate and key are (`X509_USER_*`, `~/.globus`, `/tmp/x509up_u<uid>`). */
  static async locateClientCredentials(_env?: NodeJS.ProcessEnv): Promise<CredentialLocation | undefined> {
    throw new TypeError('not written yet');
  }

  static async readProxyFile(_path?: string): Promise<Credential> {
    throw new TypeError('not written yet');
  }

  static async writeProxyFile(_credential: Credential, _path?: string): Promise<string> {
    throw new TypeError('not written yet');
  }

  /** The trust directory in use by default, if there is one. */
  static async defaultCACertDir(_env?: NodeJS.ProcessEnv): Promise<string | undefined> {
    throw new TypeError('not written yet');
  }
}
