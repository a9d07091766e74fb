import { type Stats, statSync } from 'node:fs';
import { isLatchkeyError, quote } from '../../kit/index.ts';
import { readSigningKey } from '../../tokens/index.ts';
import type { CredmonSettings, LocalProvider } from '../settings.ts';
import type { ConfigFinding } from './finding.ts';

/** What is wrong with the files that settings name: missing, open to others, a key of another kind. Nothing of them is shown. */
export async function checkCredmonFiles(settings: CredmonSettings): Promise<readonly ConfigFinding[]> {
  const findings: ConfigFinding[] = [];
  for (const provider of settings.namedProviders) {
    const say = (severity: ConfigFinding['severity'], code: string, message: string, hint?: string): void => {
      findings.push({ severity, code, message: `${provider.name}: ${message}`, hint });
    };
    if (provider.mode === 'local') {
      await checkKey(provider, say);
      if (provider.groupMapFile !== undefined && statusOf(provider.groupMapFile) === undefined)
        say('error', 'config/file', `there is no group map file ${quote(provider.groupMapFile)}`);
      continue;
    }
    if (provider.mode === 'vault') continue;
    if (provider.clientSecretFile !== undefined) checkSecret(provider.clientSecretFile, say);
    if (provider.mode !== 'pelican' && provider.clientKeyFile !== undefined)
      checkSecret(provider.clientKeyFile, say);
    if (provider.caFile !== undefined && statusOf(provider.caFile) === undefined)
      say('error', 'config/file', `there is no file ${quote(provider.caFile)} of authorities`);
  }
  return findings;
}

type Say = (severity: ConfigFinding['severity'], code: string, message: string, hint?: string) => void;

async function checkKey(
  { privateKeyFile, publicKeyFile, keyAlgorithm, keyId }: LocalProvider,
  say: Say,
): Promise<void> {
  if (statusOf(privateKeyFile) === undefined) {
    const isMade = publicKeyFile !== undefined && statusOf(publicKeyFile) === undefined;
    const message = `there is no private key ${quote(privateKeyFile)}`;
    if (isMade) say('notice', 'config/file', `${message}: one is made at the first start`);
    else say('error', 'config/file', message, 'latchkey key create makes one');
    return;
  }
  try {
    const { algorithm } = await readSigningKey(privateKeyFile, {
      keyId,
      onOpenToOthers: (message) => say('warning', 'file/unsafe', message),
    });
    if (algorithm !== keyAlgorithm)
      say(
        'error',
        'config/algorithm',
        `the private key ${quote(privateKeyFile)} is for ${algorithm}, and ${keyAlgorithm} is configured`,
        `set LOCAL_CREDMON_PRIVATE_KEY_ALGORITHM (algorithm) to ${algorithm}`,
      );
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    say(isForbidden(error.cause) ? 'notice' : 'error', error.code, error.message, error.hint);
  }
}

function checkSecret(path: string, say: Say): void {
  const stats = statusOf(path);
  if (stats === undefined) say('error', 'config/file', `there is no file ${quote(path)}`);
  else if (!stats.isFile()) say('error', 'config/file', `${quote(path)} is not a file`);
  else if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    say(
      'warning',
      'config/file-mode',
      `the secret file ${quote(path)} is open to others (mode ${mode}); credd refuses it`,
      `chown root ${path} && chmod 600 ${path}`,
    );
  } else if (stats.uid !== 0 && process.geteuid?.() === 0)
    say(
      'warning',
      'config/file-mode',
      `the secret file ${quote(path)} does not belong to root; credd refuses it`,
      `chown root ${path}`,
    );
}

/** Whoever may not look there cannot say that there is nothing. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isForbidden(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
}
