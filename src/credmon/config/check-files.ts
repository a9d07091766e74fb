import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isLatchkeyError, quote } from '../../kit/index.ts';
import { loadSigningKeys } from '../../tokens/index.ts';
import type { CredmonSettings, LocalProvider } from '../settings.ts';
import type { ConfigFinding } from './finding.ts';

/** What is wrong with the files that settings name: missing, open to others, a key of another kind. Nothing of them is shown. */
export async function checkCredmonFiles(settings: CredmonSettings): Promise<readonly ConfigFinding[]> {
  const findings: ConfigFinding[] = [...checkOwnFiles(settings)];
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

/** What the monitor itself writes or runs. */
function checkOwnFiles({ log, stateDirectory, told }: CredmonSettings): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const say: Say = (severity, code, message, hint) => {
    findings.push({ severity, code, message, hint });
  };
  if (log.file !== undefined && statusOf(log.file)?.isDirectory() === true)
    say('error', 'config/file', `the log ${quote(log.file)} is a directory`);
  else if (log.file !== undefined && statusOf(dirname(log.file))?.isDirectory() !== true)
    say('error', 'config/file', `there is no directory ${quote(dirname(log.file))} for the log`);
  const state = stateDirectory === undefined ? undefined : statusOf(stateDirectory);
  if (state !== undefined && stateDirectory !== undefined) {
    const mode = (state.mode & 0o7777).toString(8).padStart(4, '0');
    if (!state.isDirectory())
      say('error', 'config/state', `the state directory ${quote(stateDirectory)} is no directory`);
    else if ((state.mode & 0o077) !== 0 || (state.uid !== 0 && state.uid !== process.geteuid?.()))
      say(
        'warning',
        'config/file-mode',
        `the state directory ${quote(stateDirectory)} is not the monitor’s alone (mode ${mode}, user ${state.uid})`,
        `chown and chmod 700 ${stateDirectory}: the key of sealed refresh tokens lies there`,
      );
  }
  for (const { target } of told?.hooks ?? [])
    if (target.kind === 'command' && statusOf(target.command[0])?.isFile() !== true)
      say('error', 'config/file', `there is no program ${quote(target.command[0])} for the hook`);
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
    const keys = await loadSigningKeys(privateKeyFile, {
      keyId,
      onOpenToOthers: (message) => say('warning', 'file/unsafe', message),
    });
    const { algorithm } = keys.signingKey(new Date());
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
