import { installTrustRoots } from '../../x509/index.ts';
import type { OperationOptions } from './client-options.ts';
import { type Bootstrap, type Operation, TRUST_ROOTS_MAX_BYTES, withConnection } from './operation.ts';
import { ask, type OkResponse } from './reply.ts';
import { requestFor } from './request-fields.ts';
import { askOnce, type SecretSource } from './secret-source.ts';

/** What `getTrustRoots` asks for. */
export interface TrustRootsOptions extends OperationOptions {
  readonly username?: string | undefined;
  readonly passphrase?: SecretSource | undefined;
  /** Install the files in the trust directory. Default false. */
  readonly writeToCACertDir?: boolean | undefined;
  /** Trust on first use; see `LogonOptions.bootstrap`. Writes to the trust directory. Default false. */
  readonly bootstrap?: Bootstrap | undefined;
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

/** TRUSTROOTS: request → OK with the files. */
export async function askTrustRoots(
  operation: Operation,
  options: TrustRootsOptions,
): Promise<TrustRootsResult> {
  const { username = '', bootstrap } = options;
  const passphrase = askOnce(options.passphrase, operation.signal);
  const needs = { identity: 'optional', bootstrap, maxMessageBytes: TRUST_ROOTS_MAX_BYTES } as const;
  return await withConnection(operation, needs, async (connection) => {
    const passPhrase = await passphrase();
    const response = await ask(
      connection,
      requestFor('TRUSTROOTS', { username }, { passPhrase, wantTrustRoots: true }),
    );
    return await takeTrustRoots(operation, response, options.writeToCACertDir ?? false);
  });
}

/** Takes the trust roots out of a verified server's answer, and installs them if that is wanted. */
export async function takeTrustRoots(
  { trust, notify }: Operation,
  response: OkResponse,
  install: boolean,
): Promise<TrustRootsResult> {
  const files = response.trustRoots ?? new Map<string, Buffer>();
  if (!install || files.size === 0) return { files, written: [] };
  const directory = trust.installDirectory;
  const written = await installTrustRoots(directory, files);
  trust.forget();
  notify({
    code: 'trust-roots-installed',
    message: `${written.length} trust root files were installed in "${directory}"`,
    details: { directory, written },
  });
  return { files, directory, written };
}
