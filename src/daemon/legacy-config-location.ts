import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError } from '../kit/index.ts';

/**
 * The configuration the C server would read: `/etc/myproxy-server.config`, else
 * `$GLOBUS_LOCATION/etc/myproxy-server.config`.
 *
 * @throws LatchkeyError `config/missing`
 */
export async function locateLegacyConfig(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const candidates = [
    '/etc/myproxy-server.config',
    ...(env.GLOBUS_LOCATION ? [join(env.GLOBUS_LOCATION, 'etc', 'myproxy-server.config')] : []),
  ];
  for (const candidate of candidates) {
    if ((await stat(candidate).catch(() => undefined))?.isFile()) return candidate;
  }
  throw new LatchkeyError('config/missing', `no configuration file: looked for ${candidates.join(', ')}`, {
    hint: 'name one with -c',
  });
}
