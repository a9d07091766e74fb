import type { Secret } from '../kit/index.ts';

/** What names one stored credential. Without `name` it is the user's default credential. */
export interface CredentialId {
  readonly username: string;
  readonly name?: string | undefined;
}

/** The per-credential policies, each one expression as {@link matchesExpression} reads it; absent = the server's default list decides. */
export interface CredentialPolicies {
  readonly retrievers?: string | undefined;
  readonly keyRetrievers?: string | undefined;
  readonly trustedRetrievers?: string | undefined;
  readonly renewers?: string | undefined;
}

/** All that is kept beside the key and its chain. */
export interface CredentialRecord extends CredentialId, CredentialPolicies {
  /** Identity that stored it, as `/O=Grid/CN=Jane`; compared byte for byte. */
  readonly owner: string;
  /** Longest lifetime of a proxy delegated from it; 0 = no limit of its own. */
  readonly maxLifetimeSeconds: number;
  readonly description?: string | undefined;
  /** Present = locked, even when empty. */
  readonly lockMessage?: string | undefined;
}

/** A whole credential. */
export interface StoredCredential extends CredentialRecord {
  /** PEM text: leaf certificate, private key (as a rule encrypted), rest of the chain. */
  readonly pem: Secret;
}

/** How a credential is written. */
export interface WriteOptions {
  /**
   * Write only if this is what is stored still (owner and PEM text), or nothing is. A lock is then left as it is.
   * Without it, whatever was there is replaced, and the lock becomes what `lockMessage` says.
   */
  readonly replacing?: StoredCredential | 'nothing' | undefined;
}

/** Where credentials are kept. Data and key of a credential are read and written as one. */
export interface CredentialStore {
  /** The credential, or nothing. A store may hand out the same object again as long as nothing changed. */
  read(id: CredentialId): Promise<StoredCredential | undefined>;
  /**
   * Creates or replaces, data, key and lock as one: afterwards, and after any crash, the old or the new is there,
   * whole. False when `replacing` did not hold, and nothing was written.
   */
  write(credential: StoredCredential, options?: WriteOptions): Promise<boolean>;
  /** True when there was something to remove. */
  remove(id: CredentialId): Promise<boolean>;
  /** The credentials of one user, or all, in the store's own order. */
  list(username?: string): AsyncIterable<StoredCredential>;
  /** Locks with a message, or unlocks with `undefined`; false when there is no such credential. */
  setLock(id: CredentialId, message: string | undefined): Promise<boolean>;
}
