import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError, quote, writeFileAtomic } from '../kit/index.ts';

/** Bounds on what a server may install: files, bytes of one file, and bytes of all. */
export const TRUST_INSTALL_LIMITS = { files: 5_000, fileBytes: 32 << 20, totalBytes: 256 << 20 } as const;

/**
 * Installs trust roots that a server sent. Names are made harmless as the C client does (`/` and a leading `.` become `-`),
 * each file is written beside its name and renamed, mode 0644. Everything is checked before anything is written;
 * files that are already there and not sent stay. The directory is made (0755) if it is missing. Resolves to the paths written.
 *
 * @throws LatchkeyError `x509/trust-refused` for an empty or oversized file or set, or a name that cannot be used; `file/io`
 */
export async function installTrustRoots(
  directory: string,
  files: ReadonlyMap<string, Buffer>,
): Promise<string[]> {
  const named = checkedNames(files);
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot make the trust directory ${quote(directory)}: ${reason}`, {
      cause,
    });
  }
  const written: string[] = [];
  for (const [name, contents] of named) {
    const path = join(directory, name);
    await writeFileAtomic(path, contents, 0o644);
    written.push(path);
  }
  return written;
}

function checkedNames(files: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  const { files: maxFiles, fileBytes, totalBytes } = TRUST_INSTALL_LIMITS;
  if (files.size > maxFiles) throw refused(`${files.size} trust root files, where ${maxFiles} are the limit`);
  const named = new Map<string, Buffer>();
  let total = 0;
  for (const [sent, contents] of files) {
    const name = sent.replaceAll('/', '-').replace(/^\./, '-');
    if (name === '' || Buffer.byteLength(name) > 200 || /\p{Cc}/u.test(name)) {
      throw refused(`a trust root file with the name ${quote(sent, 80)}`);
    }
    if (contents.length === 0) throw refused(`the trust root file ${quote(name)} is empty`);
    if (contents.length > fileBytes) {
      throw refused(
        `the trust root file ${quote(name)} has ${contents.length} bytes, where ${fileBytes} are the limit`,
      );
    }
    if (named.has(name)) throw refused(`two trust root files with the name ${quote(name)}`);
    total += contents.length;
    if (total > totalBytes) throw refused(`trust root files of more than ${totalBytes} bytes`);
    named.set(name, contents);
  }
  return named;
}

function refused(message: string): LatchkeyError {
  return new LatchkeyError('x509/trust-refused', message, {
    hint: 'nothing was installed; ask the operator of the server to look at its trust root files (cert_dir)',
  });
}
