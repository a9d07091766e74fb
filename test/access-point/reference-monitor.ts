import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from './pool.ts';
import { localNames } from './provider-kind.ts';
import { writeByRename } from './secure-file.ts';
import { storeLikeUpstream } from './upstream-page.ts';

/** The least a monitor and its page must do; a stand-in that proves the simulator, never the product. */
export interface ReferenceMonitor {
  /** SIGHUP: makes every local `.use` that is missing. */
  scan(): void;
  /** What the page does after all logins of a request file. */
  logIn(url: string): void;
  /** A renewal of everything that is there. */
  renewAll(): void;
}

/** Starts the stand-in in this process: `pid`, first scan, `CREDMON_COMPLETE`. */
export function startReferenceMonitor(pool: Pool): ReferenceMonitor {
  const { isRoot, rootUid, condorGid } = pool.identities;
  const write = (user: string, file: string, members: object, uid: number): void =>
    writeByRename(
      join(pool.directory, user, file),
      `${JSON.stringify(members)}\n`,
      { mode: 0o400, uid, gid: condorGid, isRoot },
      '.new',
    );
  const each = (visit: (user: string, file: string) => void): void => {
    for (const user of readdirSync(pool.directory)) {
      if (!statSync(join(pool.directory, user)).isDirectory()) continue;
      for (const file of readdirSync(join(pool.directory, user))) visit(user, file);
    }
  };
  const token = (): object => ({ access_token: randomUUID(), expires_in: 1200 });
  const scan = (): void => {
    each((user, file) => {
      const local = localNames(pool).some((name) => file === `${name}.top`);
      const use = file.replace(/\.top$/, '.use');
      if (local && !existsSync(join(pool.directory, user, use))) write(user, use, token(), rootUid);
    });
    writeFileSync(join(pool.directory, 'CREDMON_COMPLETE'), '');
  };
  writeFileSync(join(pool.directory, 'pid'), `${process.pid}`);
  scan();
  return {
    scan,
    renewAll: () =>
      each((user, file) => {
        if (file.endsWith('.use')) write(user, file, token(), rootUid);
      }),
    logIn: (url) =>
      storeLikeUpstream(pool, url, () => ({
        access_token: randomUUID(),
        refresh_token: randomUUID(),
        expires_in: 1200,
      })),
  };
}
