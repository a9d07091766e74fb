/**
 * The access point of a pool, played from the contract alone: what HTCondor's credd, schedd, shadow, starter,
 * condor_submit, file-transfer plugins and condor_master do around a credential directory. A stand-in for HTCondor that
 * knows nothing of our monitor: it judges it.
 */
import { createHash } from 'node:crypto';

/** `<P>_CLIENT_ID` and what goes with it. */
interface WebClient {
  readonly clientId: string;
  /** Owned by root, no group or other bits; bytes before the first control character count. */
  readonly clientSecretFile: string;
  readonly returnUrlSuffix: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
}

/** How fast this pool's daemons are; the defaults are HTCondor's, tests hurry them. */
export interface Paces {
  /** credd looks for the completion file of an ADD. */
  readonly storePollMs: number;
  /** … so many times (`CREDD_POLLING_TIMEOUT`). */
  readonly storeTries: number;
  /** The pre-submit check looks for a local `.use`, without end. */
  readonly checkPollMs: number;
  /** credd believes the pid it has read for so long. */
  readonly pidCacheMs: number;
  /** A client of credd gives up after so long. */
  readonly clientPatienceMs: number;
  /** `ABSENT_OWNER_LIFETIME`. */
  readonly absentOwnerMs: number;
  /** `SEC_CREDENTIAL_SWEEP_DELAY`. */
  readonly sweepDelayMs: number;
  /** `SEC_CREDENTIAL_REFRESH`. */
  readonly sandboxRefreshMs: number;
  /** condor_master starts a dead daemon again after so long. */
  readonly restartDelayMs: number;
}

/** Who is who. As root the real separation is kept with numeric ids; an ordinary user plays all of them. */
interface Identities {
  readonly isRoot: boolean;
  readonly rootUid: number;
  readonly condorUid: number;
  readonly condorGid: number;
  /** The same number for the same user, without an account. */
  uidOf(user: string): number;
}

/** One pool's configuration and places. */
export interface Pool {
  /** `SEC_CREDENTIAL_DIRECTORY_OAUTH`. */
  readonly directory: string;
  /** `LOG`: where the daemons start. */
  readonly logDirectory: string;
  /** Where jobs get their scratch directories. */
  readonly executeDirectory: string;
  /** `CREDMON_WEB_PREFIX`. */
  readonly webPrefix: string;
  readonly localProviders: readonly string[];
  readonly clientProviders: readonly string[];
  readonly oauthProviders: readonly string[];
  readonly vaultProviders: readonly string[];
  readonly webClients: Readonly<Record<string, WebClient>>;
  /** `SUBMIT_ADD_LOCAL_CREDMON_PROVIDERS`. */
  readonly addLocalProviders: boolean;
  /** `TRUST_CREDENTIAL_DIRECTORY`. */
  readonly trustCredentialDirectory: boolean;
  /** `CRED_SUPER_USERS`. */
  readonly superUsers: readonly string[];
  readonly trustedVaultHosts?: readonly string[] | undefined;
  readonly paces: Paces;
  readonly identities: Identities;
  /** Told what each daemon does, for people who watch. */
  readonly tell: (who: string, what: string) => void;
}

/** HTCondor's own paces. */
const REAL_PACES: Paces = {
  storePollMs: 1_000,
  storeTries: 20,
  checkPollMs: 500,
  pidCacheMs: 20_000,
  clientPatienceMs: 20_000,
  absentOwnerMs: 300_000,
  sweepDelayMs: 3_600_000,
  sandboxRefreshMs: 300_000,
  restartDelayMs: 10_000,
};

/** The ids of this process: root keeps root, condor and users apart; anybody else is all of them. */
function identitiesHere(): Identities {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  if (uid !== 0) {
    return { isRoot: false, rootUid: uid, condorUid: uid, condorGid: gid, uidOf: () => uid };
  }
  const uidOf = (user: string): number => 60_000 + createHash('sha256').update(user).digest().readUInt16BE(0);
  return { isRoot: true, rootUid: 0, condorUid: 59_001, condorGid: 59_001, uidOf };
}

/** What a pool has unless a test says otherwise: HTCondor's defaults with the local provider `scitokens`. */
export function definePool(
  places: Pick<Pool, 'directory' | 'logDirectory' | 'executeDirectory'>,
  more: Partial<Omit<Pool, 'paces'>> & { readonly paces?: Partial<Paces> } = {},
): Pool {
  return {
    webPrefix: 'https://ap.example.org',
    localProviders: ['scitokens'],
    clientProviders: [],
    oauthProviders: ['*'],
    vaultProviders: [],
    webClients: {},
    addLocalProviders: true,
    trustCredentialDirectory: true,
    superUsers: [],
    identities: identitiesHere(),
    tell: () => {},
    ...places,
    ...more,
    paces: { ...REAL_PACES, ...more.paces },
  };
}
