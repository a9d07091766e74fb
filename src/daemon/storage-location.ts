import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError } from '../kit/index.ts';

/**
 * The storage directory the C server would use: the first that exists of `/var/lib/myproxy`, `/var/myproxy`,
 * `$GLOBUS_LOCATION/var/myproxy`. It is never made.
 *
 * @throws LatchkeyError `config/missing`
 */
export async function locateStorage(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const candidates = [
    '/var/lib/myproxy',
    '/var/myproxy',
    ...(env.GLOBUS_LOCATION ? [join(env.GLOBUS_LOCATION, 'var', 'myproxy')] : []),
  ];
  for (const candidate of candidates) {
    if ((await stat(candidate).catch(() => undefined))?.isDirectory()) return candidate;
  }
  throw new LatchkeyError('config/missing', 'did not find a storage directory', {
    hint: `make ${candidates[0]} (mode 0700, owned by this user), or name one with -s or server.storage`,
  });
}
