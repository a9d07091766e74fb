import { access, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Files of a background server; absent = standard error, and no audit log. */
export interface LegacyLogFiles {
  readonly log?: string;
  readonly audit?: string;
}

/**
 * Where a daemonised `myproxy-server` logs. The C server uses syslog, whose datagram socket Node cannot reach. In this
 * order: the file given, `LATCHKEY_LOG`, the journal when systemd has started us, `/var/log` for root, and
 * `$XDG_STATE_HOME/latchkey` (`~/.local/state/latchkey`). The audit log lies beside it; `LATCHKEY_AUDIT` names another.
 */
export async function legacyLogFiles(
  given: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  uid: number = process.getuid?.() ?? -1,
): Promise<LegacyLogFiles> {
  const chosen = given ?? env.LATCHKEY_LOG;
  const home = env.XDG_STATE_HOME ?? join(env.HOME ?? homedir(), '.local', 'state');
  const directory =
    chosen !== undefined ? dirname(resolve(chosen)) : uid === 0 ? '/var/log' : join(home, 'latchkey');
  const canWrite = await isWritable(directory);
  const audit = env.LATCHKEY_AUDIT ?? (canWrite ? join(directory, 'myproxy-server.audit.log') : undefined);
  const usesJournal = chosen === undefined && env.JOURNAL_STREAM !== undefined;
  const log = usesJournal
    ? undefined
    : (chosen ?? (canWrite ? join(directory, 'myproxy-server.log') : undefined));
  return {
    ...(log === undefined ? {} : { log: resolve(log) }),
    ...(audit === undefined ? {} : { audit: resolve(audit) }),
  };
}

/** Makes the directory if need be. */
async function isWritable(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
