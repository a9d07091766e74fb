import { LatchkeyError } from '../../kit/index.ts';
import { type ClientAuthentication, revokeToken } from '../../oauth/index.ts';
import { dangerouslyDecodeToken } from '../../tokens/index.ts';
import type { Command, Invocation } from './command.ts';
import { readSecretFile, readTextFile } from './token-files.ts';
import { required, type TokenInput, tokenOf } from './token-input.ts';

/** `latchkey token revoke [FILE]` (RFC 7009). */
export const tokenRevoke: Command = async (invocation) => {
  const { given } = invocation;
  const clientId = required(invocation, 'client-id', 'the client that the server gave the token to');
  const input = await tokenOf(invocation);
  // Whoever wrote the token chose the name in it: a secret goes only where its owner says.
  const issuer =
    given.text('client-secret-file') === undefined
      ? (given.text('issuer') ?? issuerOf(input))
      : required(invocation, 'issuer', 'the client secret is sent there: a token alone does not decide that');
  const ca = given.text('ca');
  const client = {
    clientId,
    issuer,
    authentication: await authenticationOf(invocation),
    ca: ca === undefined ? undefined : await readTextFile(ca, 'CA file'),
  };
  const kind = given.flag('refresh-token') ? 'refresh_token' : 'access_token';
  if (!(await revokeToken(client, input.token, { kind }))) {
    throw new LatchkeyError('oauth/config', `the server ${issuer} cannot revoke tokens`, {
      hint: 'it publishes no revocation endpoint: the token is good until it expires',
    });
  }
  return {
    json: { origin: input.origin, issuer, revoked: true },
    lines: [`the token of ${input.origin} is revoked at ${issuer}`],
  };
};

async function authenticationOf({ given }: Invocation): Promise<ClientAuthentication> {
  const file = given.text('client-secret-file');
  if (file === undefined) return { method: 'none' };
  return { method: 'client_secret_basic', secret: await readSecretFile(file, 'client secret file') };
}

/** Only to find the server: whoever wrote the token could write another name, so it is said aloud where the token goes. */
function issuerOf({ token }: TokenInput): string {
  try {
    const { iss } = dangerouslyDecodeToken(token).claims;
    if (typeof iss === 'string') return iss;
  } catch {
    // An opaque token names nobody.
  }
  throw new LatchkeyError('cli/usage', 'the token does not say whose it is', {
    hint: 'name the server with --issuer',
  });
}
