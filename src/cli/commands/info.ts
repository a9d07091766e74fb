import { printable } from '../../kit/index.ts';
import type { CredentialInfo } from '../../myproxy/index.ts';
import { accountOf, openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { factLines, validityJson, validityText } from './facts.ts';
import { findPlace, requireServer } from './place.ts';
import { explained } from './refusal.ts';
import { clientFor } from './session.ts';

/** `latchkey info`: the caller's credentials under an account. Exit code 5 when there are none. */
export const info: Command = async (invocation) => {
  const { given, context } = invocation;
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const identity = await openIdentity(invocation, await ownFiles(invocation, place));
  const client = clientFor(invocation, place, identity);
  const result = await explained({ username }, client.info({ username, credname: given.text('credential') }));
  const now = context.now();
  const server = { host: result.server.host, port: result.server.port, dn: result.server.dn };
  return {
    json: {
      username,
      server,
      credentials: result.credentials.map((credential) => credentialJson(credential, now)),
    },
    lines: result.exists
      ? result.credentials.flatMap((credential) => credentialLines(credential, username, now))
      : [`you have nothing stored for "${username}" on ${server.host}:${server.port}`],
    exitCode: result.exists ? 0 : 5,
  };
};

function credentialJson(credential: CredentialInfo, now: Date): Record<string, unknown> {
  const { startTime, endTime, ...rest } = credential;
  return { ...rest, ...validityJson(startTime, endTime, now) };
}

function credentialLines(credential: CredentialInfo, username: string, now: Date): string[] {
  return [
    credential.name === undefined ? username : `${username}, credential "${printable(credential.name)}"`,
    ...factLines([
      ['owner', credential.owner],
      ['left', validityText(credential.startTime, credential.endTime, now)],
      ['description', credential.description],
      ['retrieved by', credential.retrievers],
      ['renewed by', credential.renewers],
      ['trusted', credential.trustedRetrievers],
      ['key retrieved by', credential.keyRetrievers],
      ['locked', credential.lockMessage],
    ]),
  ];
}
