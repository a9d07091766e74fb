import type { Clock } from '../../kit/index.ts';
import type { AccessPolicy, CredentialStore, KeyVault, Throttle } from '../../repository/index.ts';
import type { VomsDirectory } from '../../voms/index.ts';
import type { TrustStore } from '../../x509/index.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { KeyPool } from './key-pool.ts';
import type { StoredChains } from './stored-chains.ts';
import type { TrustRootFiles } from './trust-root-files.ts';
import type { AttributeSource } from './voms-attributes.ts';

/** The rules of one server, as its configuration states them. Absent numbers and programs = no such rule. */
export interface ServerPolicy {
  readonly access: AccessPolicy;
  /** `max_proxy_lifetime`, in seconds. */
  readonly maxProxyLifetimeSeconds?: number | undefined;
  /** `max_cred_lifetime`, in seconds. */
  readonly maxCredentialLifetimeSeconds?: number | undefined;
  /** `ignore_globus_limited_proxy_flag`; true is unsafe: a limited proxy then gets a full one. */
  readonly ignoreLimitedProxies: boolean;
  /** `check_multiple_credentials`: a GET without credential name tries every credential of the user. */
  readonly checkMultipleCredentials: boolean;
  /** `passphrase_policy_program` */
  readonly passPhrasePolicyProgram?: string | undefined;
  /** `accepted_credentials_mapfile` */
  readonly acceptedMapFile?: string | undefined;
  /** `accepted_credentials_mapapp`; beats the file. */
  readonly acceptedMapProgram?: string | undefined;
  /** `allow_voms_attribute_requests`; absent = clients that ask for attributes get proxies without. */
  readonly vomsAttributes?: { readonly userConf?: string | undefined } | undefined;
}

/** How much a log line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * All that a conversation needs. One object a configuration: after a reload new conversations get a new service, and
 * running ones finish with the rules they began with.
 */
export interface MyProxyService {
  readonly policy: ServerPolicy;
  readonly store: CredentialStore;
  readonly vault: KeyVault;
  readonly throttle: Throttle;
  readonly trust: TrustStore;
  /** Who may speak for which virtual organization, and this host's name; absent = clients have no FQANs. */
  readonly voms?: { readonly directory: VomsDirectory; readonly host: string } | undefined;
  /** Parsed and validated chains of stored credentials; belongs to `trust`. */
  readonly chains: StoredChains;
  /** Write keys that have an old seal anew after their next successful use. */
  readonly resealOldKeys: boolean;
  /** Key pairs for PUT. */
  readonly keys: KeyPool;
  /** `cert_dir`: what clients get when they ask for trust roots. */
  readonly trustRoots?: TrustRootFiles | undefined;
  /** Obtains attributes for delegated proxies; absent = it is not allowed. */
  readonly attributes?: AttributeSource | undefined;
  readonly clock: Clock;
  /** One line of the running log, in the C server's words where it has some; `reference` is the conversation's. */
  log(level: LogLevel, reference: string, line: string): void;
  /** One finished operation, for the append-only audit log. */
  audit(entry: AuditEntry): void;
}
