import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where to look; the defaults are the process's own. */
export interface TrustLocationOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
  readonly uid?: number;
}

const SYSTEM_DIRECTORY = '/etc/grid-security/certificates';

/**
 * The trust directory in use, the first that exists of: `X509_CERT_DIR`, `~/.globus/certificates`,
 * `/etc/grid-security/certificates`, `$GLOBUS_LOCATION/share/certificates`.
 * When `X509_CERT_DIR` is set but no directory, nothing else is looked at: a mistyped path must not change whom one trusts.
 */
export async function locateTrustDirectory(options: TrustLocationOptions = {}): Promise<string | undefined> {
  const { env = process.env, home = env.HOME ?? homedir() } = options;
  const chosen = env.X509_CERT_DIR;
  const candidates =
    chosen === undefined || chosen === ''
      ? [
          join(home, '.globus', 'certificates'),
          SYSTEM_DIRECTORY,
          ...(env.GLOBUS_LOCATION ? [join(env.GLOBUS_LOCATION, 'share', 'certificates')] : []),
        ]
      : [chosen];
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isDirectory()) return candidate;
  }
  return undefined;
}

/** Where `-T` installs trust roots: `X509_CERT_DIR`, else (root) `/etc/grid-security/certificates`, else `~/.globus/certificates`. */
export function trustInstallDirectory(options: TrustLocationOptions = {}): string {
  const { env = process.env, home = env.HOME ?? homedir(), uid = process.getuid?.() } = options;
  if (env.X509_CERT_DIR) return env.X509_CERT_DIR;
  return uid === 0 ? SYSTEM_DIRECTORY : join(home, '.globus', 'certificates');
}
