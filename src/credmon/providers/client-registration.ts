import { readFile } from 'node:fs/promises';
import { isLatchkeyError, LatchkeyError, quote, Secret } from '../../kit/index.ts';
import type { ClientAuthentication, OAuthClient } from '../../oauth/index.ts';
import type { MetaFile } from '../meta-file.ts';
import type { OAuthClientSettings } from '../settings.ts';

const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Our registration at a server, as the configuration says it. Files are read each time, so that a secret that was changed counts
 * at once; only when the configuration names none, or a file that gives none, is the one used that a login left in `.meta`.
 *
 * @param warn told when `.meta` had to help out
 * @throws LatchkeyError `file/io`, retryable, when a file gives nothing; `oauth/config` when none is configured
 */
export async function clientRegistration(
  settings: OAuthClientSettings,
  timeoutSeconds: number,
  meta?: MetaFile,
  warn: (message: string) => void = () => {},
): Promise<OAuthClient> {
  const { clientId, issuer, authorizationUrl, deviceUrl, revocationUrl, caFile } = settings;
  return {
    clientId,
    authentication: await authenticationOf(settings, meta, warn),
    issuer,
    authorizationUrl,
    // Without URL and issuer in the configuration, the place where the login was made.
    tokenUrl: settings.tokenUrl ?? (issuer === undefined ? meta?.tokenUrl : undefined),
    deviceUrl,
    revocationUrl,
    ca: caFile === undefined ? undefined : (await readBounded(caFile, 'the CA file')).toString('utf8'),
    timeoutMs: timeoutSeconds * 1000,
  };
}

/** What fails together with this registration: the origin of its server; `undefined` when only a login will tell. */
export function authorityOf({ tokenUrl, issuer }: OAuthClientSettings): string | undefined {
  return originOf(tokenUrl ?? issuer);
}

/** The origin of a URL; `undefined` when it is none. */
export function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}

async function authenticationOf(
  { clientAuthentication, clientSecretFile, clientKeyFile, clientId }: OAuthClientSettings,
  meta: MetaFile | undefined,
  warn: (message: string) => void,
): Promise<ClientAuthentication> {
  if (clientAuthentication === 'none') return { method: 'none' };
  if (clientAuthentication === 'private_key_jwt') {
    if (clientKeyFile === undefined) throw noFile(clientId, 'key');
    return { method: 'private_key_jwt', key: new Secret(await readBounded(clientKeyFile, 'the client key')) };
  }
  const stored = meta?.clientId === clientId && !meta.clientSecret.isEmpty ? meta.clientSecret : undefined;
  if (clientSecretFile !== undefined) {
    try {
      return { method: clientAuthentication, secret: await readSecret(clientSecretFile) };
    } catch (error) {
      if (stored === undefined || !isLatchkeyError(error)) throw error;
      warn(`${error.message}; the secret that the login has left is used, which may be an old one`);
      return { method: clientAuthentication, secret: stored };
    }
  }
  if (stored === undefined) throw noFile(clientId, 'secret');
  return { method: clientAuthentication, secret: stored };
}

/** As credd reads it: up to the first control character. */
async function readSecret(path: string): Promise<Secret> {
  const bytes = await readBounded(path, 'the client secret');
  const end = bytes.findIndex((byte) => byte <= 0x1f);
  if (end !== 0 && bytes.length > 0) return new Secret(bytes.subarray(0, end < 0 ? undefined : end));
  throw new LatchkeyError('file/io', `there is no client secret at the beginning of ${quote(path)}`, {
    retryable: true,
    hint: 'the secret is the first line, without blank lines before it',
  });
}

async function readBounded(path: string, what: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_SECRET_BYTES && what !== 'the CA file') throw new Error('it is too long');
    return bytes;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot read ${what} ${quote(path)}: ${reason}`, {
      cause,
      // Mended at any moment, and trying costs nobody anything.
      retryable: true,
      hint: 'the monitor needs to read it: look at the owner and mode of the file',
    });
  }
}

function noFile(clientId: string, what: 'key' | 'secret'): LatchkeyError {
  const key = what === 'key' ? '<P>_CLIENT_KEY_FILE' : '<P>_CLIENT_SECRET_FILE';
  return new LatchkeyError('oauth/config', `no ${what} is configured for the client ${quote(clientId)}`, {
    hint: `set ${key}, or <P>_CLIENT_AUTHENTICATION = none for a public client`,
  });
}
