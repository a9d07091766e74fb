import type { ClientIdentity } from './access-policy.ts';

/** Does a policy expression match the client? */
export function matchesExpression(
  _expression: string,
  _client: Pick<ClientIdentity, 'dn' | 'fqans'>,
): boolean {
  throw new Error('not there yet');
}
