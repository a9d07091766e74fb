import type { Credential } from '../../keeper/index.ts';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { expandTemplate } from '../authz-template.ts';
import { isUserName } from '../name.ts';
import type { ClientProvider } from '../settings.ts';
import { authorityOf, clientRegistration } from './client-registration.ts';
import type { CredmonSource, Request } from './source-table.ts';
import { tokenCredential } from './token-credential.ts';
import { wordsOf } from './wish.ts';

/** What a source of this mode needs from around it. */
export interface ClientSurroundings {
  readonly requestTimeoutSeconds: number;
  now(): Date;
}

/** Tokens that the access point asks for in its own name, with the user's name in their scope. */
export function createClientSource(
  provider: ClientProvider,
  { user }: Request,
  around: ClientSurroundings,
): CredmonSource {
  return {
    authority: authorityOf(provider) ?? provider.name,
    isLocal: false,
    async obtain(_lease, signal): Promise<Credential> {
      if (!isUserName(user)) {
        throw new LatchkeyError(
          'credmon/name-invalid',
          `${quote(user)} cannot stand in a scope as a user name`,
        );
      }
      const { requestClientToken } = await import('../../oauth/index.ts');
      const client = await clientRegistration(provider, around.requestTimeoutSeconds);
      const response = await requestClientToken(client, {
        scope: wordsOf(expandTemplate(provider.authzTemplate, 'username', user)).join(' '),
        // Servers know one or the other: RFC 8707 takes absolute URIs only.
        resource: provider.audience.filter((one) => URL.canParse(one)),
        audience: provider.audience,
        signal,
      });
      const now = around.now();
      const assumed = new Date(now.getTime() + provider.lifetimeSeconds * 1000);
      return tokenCredential({ ...response, expiresAt: response.expiresAt ?? assumed }, provider.format, now);
    },
  };
}
