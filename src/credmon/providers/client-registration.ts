import { readFile } from 'node:fs/promises';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import type { ClientAuthentication, OAuthClient } from '../../oauth/index.ts';
import type { MetaFile } from '../meta-file.ts';
import type { OAuthClientSettings } from '../settings.ts';

const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Our registration at a server, as the configuration says it. Files are read each time, so that a secret that was changed counts
 * at once; only when the configuration names none is the one used that a login left in `.meta`.
 *
 * @throws LatchkeyError `oauth/config` when a file cannot be read
 */
export async function clientRegistration(
  settings: OAuthClientSettings,
  timeoutSeconds: number,
  meta?: MetaFile,
): Promise<OAuthClient> {
  const { clientId, issuer, authorizationUrl, deviceUrl, revocationUrl, caFile } = settings;
  return {
    clientId,
    authentication: await authenticationOf(settings, meta),
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
): Promise<ClientAuthentication> {
  if (clientAuthentication === 'none') return { method: 'none' };
  if (clientAuthentication === 'private_key_jwt') {
    if (clientKeyFile === undefined) throw noFile(clientId, 'key');
    return { method: 'private_key_jwt', key: new Secret(await readBounded(clientKeyFile, 'the client key')) };
  }
  if (clientSecretFile !== undefined) {
    const bytes = await readBounded(clientSecretFile, 'the client secret');
    // As credd reads it: up to the first control character.
    const end = bytes.findIndex((byte) => byte <= 0x1f);
    const secret = new Secret(bytes.subarray(0, end < 0 ? undefined : end));
    return { method: clientAuthentication, secret };
  }
  if (meta === undefined || meta.clientSecret.isEmpty || meta.clientId !== clientId)
    throw noFile(clientId, 'secret');
  return { method: clientAuthentication, secret: meta.clientSecret };
}

async function readBounded(path: string, what: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_SECRET_BYTES && what !== 'the CA file') throw new Error('it is too long');
    return bytes;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('oauth/config', `cannot read ${what} ${quote(path)}: ${reason}`, {
      cause,
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
