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
 * order: the file given, `LATCHKEY_LOG`, the journal when systemd has started us, the unit's `LogsDirectory=`, `/var/log`
 * for root, and `$XDG_STATE_HOME/latchkey` (`~/.local/state/latchkey`). The audit log lies in the same directory, in that
 * of the unit rather than in the home when the log goes to the journal; `LATCHKEY_AUDIT` names another file.
 */
export async function legacyLogFiles(
  given: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
  uid: number = process.getuid?.() ?? -1,
): Promise<LegacyLogFiles> {
  const chosen = given ?? env.LATCHKEY_LOG;
  const home = env.XDG_STATE_HOME ?? join(env.HOME ?? homedir(), '.local', 'state');
  const usual = env.LOGS_DIRECTORY?.split(':')[0] || (uid === 0 ? '/var/log' : join(home, 'latchkey'));
  const directory = chosen !== undefined ? dirname(resolve(chosen)) : usual;
  const canWrite = await isWritable(directory, chosen === undefined);
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

/** Makes the usual directory if need be, but not one that was named: a name with an error in it makes no folders. */
async function isWritable(directory: string, isUsual: boolean): Promise<boolean> {
  try {
    if (isUsual) await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
