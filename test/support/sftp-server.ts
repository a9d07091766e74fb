import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { openSftp, type SftpFiles, type SftpOptions } from '../../src/ssh/index.ts';

const PLACES = [
  '/usr/lib/openssh/sftp-server',
  '/usr/libexec/openssh/sftp-server',
  '/usr/libexec/sftp-server',
];

/** Where OpenSSH's sftp server is; it is not in PATH. Skips the test, or fails it where skipping is forbidden. */
export function findSftpServer(t: Pick<TestContext, 'skip'>): string | undefined {
  const path = PLACES.find((place) => existsSync(place));
  if (path !== undefined) return path;
  const reason = 'needs sftp-server: scripts/install-peers puts it there (Debian)';
  if (process.env.LATCHKEY_REQUIRE_PEERS === '1') throw new Error(reason);
  t.skip(reason);
  return undefined;
}

/** Runs a command that is an sftp server in the end and speaks with it; both end with the test. */
export async function openSftpOver(
  t: Pick<TestContext, 'after'>,
  argv: readonly [string, ...string[]],
  more: { readonly cwd: string; readonly uid?: number; readonly options?: SftpOptions },
): Promise<{ readonly files: SftpFiles; readonly child: ChildProcessWithoutNullStreams }> {
  const [program, ...args] = argv;
  const { cwd, uid, options } = more;
  const child = spawn(program, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  child.stderr.resume();
  t.after(() => child.kill('SIGKILL'));
  return { files: await openSftp(child, options), child };
}
