import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { formatOneline, installTrustRoots, trustRootsOfChain } from '../../x509/index.ts';
import { serversOf } from './client-settings.ts';
import { dangerouslyPeekChain } from './connection.ts';
import type { Operation } from './operation.ts';
import { formatServer } from './server-list.ts';

/**
 * Trust on first use: takes the authorities of the server's chain (never its leaf) from a connection that nobody has
 * verified and on which nothing is sent, and installs them with a signing policy for no more than what they signed
 * there. What is in the trust directory already is never replaced. The caller then connects anew, with every check.
 *
 * @param unknown why the server is not trusted so far; thrown again when its chain would not change that
 * @throws LatchkeyError `x509/trust-refused` when an authority of the same name is trusted already
 */
export async function bootstrapTrust(operation: Operation, unknown: LatchkeyError): Promise<void> {
  const { settings, trust, notify, signal } = operation;
  const { server, chain } = await dangerouslyPeekChain({
    settings,
    servers: serversOf(settings),
    maxMessageBytes: 0,
    notify,
    signal,
  });
  const directory = trust.installDirectory;
  const files = await withoutExisting(directory, trustRootsOfChain(chain));
  if (files.size === 0) throw unknown;
  const written = await installTrustRoots(directory, files);
  trust.forget();
  notify({
    code: 'bootstrapped',
    message: `the authority of ${formatServer(server)} is trusted from now on, because the server said so itself; its files are in "${directory}"`,
    details: {
      directory,
      written,
      authorities: chain
        .slice(1)
        .map((certificate) => ({ dn: formatOneline(certificate.subject), sha256: certificate.fingerprint })),
    },
  });
}

async function withoutExisting(
  directory: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<ReadonlyMap<string, Buffer>> {
  const added = new Map<string, Buffer>();
  for (const [name, contents] of files) {
    const existing = await readFile(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new LatchkeyError('file/io', `cannot read ${quote(join(directory, name))}: ${error.message}`, {
        cause: error,
      });
    });
    if (existing === undefined) added.set(name, contents);
    else if (name.endsWith('.0') && !existing.equals(contents)) throw conflict(join(directory, name));
  }
  return added;
}

function conflict(path: string): LatchkeyError {
  return new LatchkeyError(
    'x509/trust-refused',
    `the server's authority is not the one of the same name in ${quote(path)}`,
    {
      hint: 'either the authority has a new certificate (get it from the operator), or somebody stands between you and the server',
      details: { path },
    },
  );
}
