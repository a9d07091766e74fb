import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { SftpOptions } from '../../src/ssh/index.ts';
import { findSftpServer, openSftpOver } from '../support/sftp-server.ts';
import { workspace } from '../support/workspace.ts';
import { fileChecks } from './file-checks.ts';

const run = promisify(execFile);

/** What a transport does: asks the machine to sum a file up. */
async function checksum(path: string, bytes?: number): Promise<string | undefined> {
  const script = bytes === undefined ? 'sha256sum <"$1"' : 'head -c "$2" <"$1" | sha256sum';
  const { stdout } = await run('/bin/sh', ['-c', script, 'sh', path, String(bytes)]);
  return stdout.slice(0, 64);
}

/** The same server, as it is and with what it offers, or can do, taken away. */
const SERVERS: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly options?: SftpOptions;
}[] = [
  { name: 'sftp-server', args: [], options: { checksum } },
  { name: 'sftp-server without checksums', args: [] },
  {
    name: 'sftp-server without extensions',
    args: ['-P', 'posix-rename,fsync,limits,statvfs'],
  },
];

for (const { name, args, options } of SERVERS) {
  for (const [promise, check] of Object.entries(fileChecks)) {
    test(`${name}: ${promise}`, async (t: TestContext) => {
      const server = findSftpServer(t);
      if (server === undefined) return;
      const place = workspace(t);
      const home = workspace(t);
      const { files } = await openSftpOver(t, [server, ...args], {
        cwd: home,
        ...(options ? { options } : {}),
      });
      await check(files, place);
      files.close();
    });
  }
}
