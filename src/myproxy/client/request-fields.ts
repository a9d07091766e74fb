import { Secret } from '../../kit/index.ts';
import type { Command } from '../wire/command.ts';
import type { Request } from '../wire/request.ts';
import type { CredentialSelector } from './client-options.ts';

/** A request with the fields of a selector, and nothing in the others. */
export function requestFor(
  command: Command,
  { username, credname }: CredentialSelector,
  fields: Partial<Request> = {},
): Request {
  return {
    command,
    username,
    passPhrase: new Secret(''),
    lifetimeSeconds: 0,
    wantTrustRoots: false,
    voNames: [],
    vomses: [],
    ...(credname === undefined || credname === '' ? {} : { credentialName: credname }),
    ...fields,
  };
}

/** What C clients send where the protocol wants a pass phrase and nobody looks at it. */
export const DUMMY_PASS_PHRASE: Secret = new Secret('DUMMY-PASSPHRASE');
