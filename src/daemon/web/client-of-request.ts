import { readFile } from 'node:fs/promises';
import type { LoginRequest, OAuthProvider } from '../../credmon/index.ts';
import { LatchkeyError, quote, Secret } from '../../kit/index.ts';
import type { OAuthClient } from '../../oauth/index.ts';

/** The client that a login is made with: what the configuration says, with the addresses that credd wrote into the request. */
export async function clientOfRequest(
  provider: OAuthProvider | undefined,
  request: LoginRequest,
  timeoutSeconds: number,
): Promise<OAuthClient> {
  return {
    clientId: provider?.clientId ?? request.clientId,
    authentication: await authenticationOf(provider, request),
    issuer: provider?.issuer,
    authorizationUrl: request.authorizationUrl || provider?.authorizationUrl,
    tokenUrl: request.tokenUrl || provider?.tokenUrl,
    deviceUrl: provider?.deviceUrl,
    revocationUrl: provider?.revocationUrl,
    ...(provider?.caFile === undefined ? {} : { ca: (await readSmall(provider.caFile)).toString('utf8') }),
    timeoutMs: timeoutSeconds * 1_000,
  };
}

async function authenticationOf(
  provider: OAuthProvider | undefined,
  request: LoginRequest,
): Promise<OAuthClient['authentication']> {
  const method = provider?.clientAuthentication ?? 'client_secret_post';
  if (method === 'none') return { method };
  if (method === 'private_key_jwt') {
    if (provider?.clientKeyFile === undefined)
      throw new LatchkeyError('oauth/config', `the provider ${quote(request.provider)} has no client key`);
    return { method, key: new Secret(await readSmall(provider.clientKeyFile)) };
  }
  const secret =
    provider?.clientSecretFile === undefined
      ? request.clientSecret
      : await readSecret(provider.clientSecretFile);
  return secret.isEmpty ? { method: 'none' } : { method, secret };
}

/** As credd reads it: up to the first control character. */
async function readSecret(path: string): Promise<Secret> {
  const bytes = await readSmall(path);
  const end = bytes.findIndex((byte) => byte <= 0x1f);
  return new Secret(end < 0 ? bytes : bytes.subarray(0, end));
}

async function readSmall(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new LatchkeyError('oauth/config', `cannot read ${quote(path)}: ${reason}`, {
      cause,
      hint: 'tell the administrators of the access point',
    });
  }
}
