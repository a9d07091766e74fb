import type { OperationOptions } from './client-options.ts';
import type { SecretSource } from './secret-source.ts';

/** What `getTrustRoots` asks for. */
export interface TrustRootsOptions extends OperationOptions {
  readonly username?: string | undefined;
  readonly passphrase?: SecretSource | undefined;
  /** Install the files in the trust directory. Default false. */
  readonly writeToCACertDir?: boolean | undefined;
  /** Trust on first use; see `LogonOptions.bootstrap`. Writes to the trust directory. Default false. */
  readonly bootstrap?: boolean | undefined;
}

/** The trust roots a server sent. */
export interface TrustRootsResult {
  /** By file name: certificates, signing policies, CRLs. Empty when the server publishes none. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** Where they were installed, if they were. */
  readonly directory?: string;
  /** Paths of the files written. */
  readonly written: readonly string[];
}
