import { createPublicKey } from 'node:crypto';
import { closeSync, existsSync, fchmodSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { CredmonSettings } from '../../credmon/index.ts';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import type { CredmonLogLevel } from './running-credmon.ts';

/**
 * Makes the key of local issuers at the first start: P-256, `EC PRIVATE KEY` 0600 and its public half 0644. Only when both files
 * are missing; what exists is never touched. Failing is told and no more: other providers are served all the same.
 */
export async function makeMissingKeys(
  settings: CredmonSettings,
  log: (level: CredmonLogLevel, line: string) => void,
): Promise<void> {
  for (const provider of settings.namedProviders) {
    if (provider.mode !== 'local' || provider.publicKeyFile === undefined) continue;
    const { privateKeyFile, publicKeyFile } = provider;
    if (existsSync(privateKeyFile) || existsSync(publicKeyFile)) continue;
    try {
      const { generateSigningKey } = await import('../../tokens/index.ts');
      const key = await generateSigningKey('ES256');
      createFile(privateKeyFile, key.export({ type: 'sec1', format: 'pem' }).toString(), 0o600);
      const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
      createFile(publicKeyFile, publicPem, 0o644);
      log('info', `LOCAL: made the signing key ${privateKeyFile}, with its public half in ${publicKeyFile}`);
    } catch (error) {
      if (!isLatchkeyError(error)) throw error;
      log('error', `LOCAL: ${provider.name} has no signing key: ${error.message}`);
    }
  }
}

/** Exclusively: of two that start together, one makes the key. */
function createFile(path: string, contents: string, mode: number): void {
  try {
    const descriptor = openSync(path, 'wx', mode);
    try {
      fchmodSync(descriptor, mode);
      writeSync(descriptor, contents);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot write ${path}: ${reason}`, { cause });
  }
}
