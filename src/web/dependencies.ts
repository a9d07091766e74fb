import type { LoginRequest } from '../credmon/index.ts';
import type { LeaseFailure, LeaseState } from '../keeper/index.ts';
import type { Clock, Secret } from '../kit/index.ts';
import type { TokenResponse } from '../oauth/index.ts';
import type { LinkSource } from './link-view.ts';

/** Everything the web application shows and does comes through these; it does no I/O of its own. */
export interface WebDependencies {
  /** Origin and path under which browsers reach the application, no trailing slash (`CREDMON_WEB_PREFIX`). */
  readonly prefix: string;
  /** Signs cookies and form tokens; at least 16 bytes. */
  readonly sessionKey: Secret;
  readonly clock: Clock;
  readonly requests: RequestFiles;
  readonly logins: Logins;
  readonly accounts: AccountBook;
  readonly credentials: Credentials;
  /** Links that programs of this machine's users hold; absent = not known here, and no page for them. */
  readonly links?: LinkSource | undefined;
  readonly publication: Publication;
  readonly health: Health;
  readonly signIn: SignIn;
  /** A login is stored only after the local user has proved to be that user, with a code of `latchkey web code`. */
  readonly demandsLocalProof: boolean;
  /** Local users who see everybody's credentials and the operator's page. */
  readonly operators: readonly string[];
  /** One line for the log, without secrets. */
  log(level: 'info' | 'warn' | 'error', line: string): void;
}

/** credd's request files. */
export interface RequestFiles {
  /**
   * The logins a key (64 lowercase hex digits) asks for; `undefined` = there is no such file, or it is older than 12 hours.
   *
   * @throws LatchkeyError `credmon/file-malformed`
   */
  read(key: string): Promise<readonly LoginRequest[] | undefined>;
  /** True when the credential directory holds what this request asks for. */
  isStored(request: LoginRequest): Promise<boolean>;
  /** Removes the file; it is no error when it is gone. */
  remove(key: string): Promise<void>;
}

/** Logins at authorization servers. */
export interface Logins {
  /** Where the browser goes. `state` names the login in the answer. */
  begin(request: LoginRequest): Promise<BegunLogin>;
  /** @param callback the whole return URL as the server built it */
  finish(request: LoginRequest, pending: unknown, callback: URL): Promise<TokenResponse>;
  /** Device flow (RFC 8628), when the provider offers it. */
  beginDevice?(request: LoginRequest): Promise<DeviceLogin>;
  /** True when {@link beginDevice} will work for this provider. */
  offersDevice?(request: LoginRequest): Promise<boolean>;
  /** Writes the files that jobs and renewal need, durably, and wakes the monitor. */
  store(request: LoginRequest, tokens: TokenResponse): Promise<void>;
  /** Revokes what was granted and will not be stored; failures are nobody's concern. */
  discard(request: LoginRequest, tokens: TokenResponse): Promise<void>;
}

/** A login on its way. */
export interface BegunLogin {
  readonly url: string;
  readonly state: string;
  /** What {@link Logins.finish} needs again; kept in memory only. */
  readonly pending: unknown;
}

/** A login that is approved on another device. */
export interface DeviceLogin {
  readonly userCode: string;
  readonly verificationUrl: string;
  /** With the code in it. */
  readonly verificationUrlComplete?: string | undefined;
  readonly expiresAt: Date;
  /** Settles when the server has answered. */
  readonly finished: Promise<TokenResponse>;
  cancel(): void;
}

/** An account at an authorization server. */
export interface Account {
  readonly issuer: string;
  readonly subject: string;
}

/** Which account belongs to which local user: the first login is remembered, later ones must match. */
export interface AccountBook {
  find(localUser: string, provider: string): Promise<Account | undefined>;
  /** Binds it, unless one is bound already; false when that is another. */
  remember(localUser: string, provider: string, account: Account): Promise<boolean>;
}

/** One credential as people see it: a token of the monitor, or a proxy of the MyProxy store. */
export interface CredentialView {
  /** `alice/mytokens_read`; owner, slash, a name without slashes. */
  readonly id: string;
  readonly owner: string;
  /** `token`, `x509-proxy`. */
  readonly kind: string;
  readonly provider: string;
  /** How it is kept: `local`, `oauth`, …, `myproxy`. */
  readonly mode?: string | undefined;
  readonly purpose?: string | undefined;
  /** Who is asked for it: the origin of a server, or `local`. */
  readonly authority?: string | undefined;
  readonly state: LeaseState;
  readonly issuedAt?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  readonly lastRenewedAt?: Date | undefined;
  readonly nextAt?: Date | undefined;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastError?: LeaseFailure | undefined;
  readonly canRenew: boolean;
  readonly canRevoke: boolean;
  /** A new login of its owner would mend it. */
  readonly canLogIn: boolean;
}

/** A request in the directory that no provider serves. */
export interface UnservedRequest {
  /** `alice/box_read`. */
  readonly id: string;
  /** Why not. */
  readonly message: string;
}

/** The credentials that are kept here. */
export interface Credentials {
  /** Of one owner, or of everybody. */
  list(owner?: string): Promise<readonly CredentialView[]>;
  /** Renews now; settles when it is done or failed. */
  renew(id: string): Promise<void>;
  /** What a new login for it would ask for; `undefined` = it has no login behind it. */
  loginRequest(id: string): Promise<LoginRequest | undefined>;
  /** Takes it away here and revokes it where it came from, if that is offered. */
  revoke(id: string): Promise<void>;
  /** Requests in the directory that no provider serves. */
  unserved(): readonly UnservedRequest[];
  /** Breakers that are not closed, by authority. */
  breakers(): ReadonlyMap<string, 'open' | 'half-open'>;
}

/** Public keys and metadata of the local issuers. */
export interface Publication {
  /** The JSON document at an absolute path, such as `/.well-known/openid-configuration`; `undefined` = none. */
  document(path: string): Promise<object | undefined>;
}

/** What machines ask. */
export interface Health {
  live(): { readonly ok: boolean };
  ready(): Promise<{ readonly ok: boolean; readonly checks: Readonly<Record<string, string>> }>;
  /** Prometheus text; absent = no metrics here. */
  metrics?(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Proof of who somebody is on this host. */
export interface SignIn {
  /** The local user who made the code with `latchkey web code`, which is then used up; `undefined` = no such code. */
  redeem(code: string): Promise<string | undefined>;
}

/** Who speaks: filled in by the listener, never from headers that a client can write. */
export interface Peer {
  /** For limits by address; absent = a local socket. */
  readonly address?: string | undefined;
  /** The operator's own socket: no sign-in is needed. */
  readonly isOperator?: boolean | undefined;
}

/** The application. */
export interface WebApp {
  fetch(request: Request, peer?: Peer): Promise<Response>;
  /** Forgets what is over, which revokes grants that nobody confirmed; to be called every minute or so. */
  tidy(): void;
  /** Forgets everything; settles when the grants that nobody confirmed are revoked. */
  close(): Promise<void>;
}
