import { secondsLeft } from '../kit/time-text.ts';
import { accountOf, openIdentity, ownFiles } from './account.ts';
import type { Command } from './command.ts';
import { validityJson } from './facts.ts';
import { formatSpan } from './lifetime.ts';
import { findPlace, requireServer } from './place.ts';
import { implyNoPassPhrase, policiesOf } from './policies.ts';
import { explained } from './refusal.ts';
import { askNewMyProxyPassPhrase } from './secrets.ts';
import { clientFor } from './session.ts';

const WEEK = 604_800;
const HALF_DAY = 43_200;

/** `latchkey init`: the server gets a proxy of the user's, protected by a new pass phrase. */
export const init: Command = async (invocation) => {
  const { given, context } = invocation;
  const policies = policiesOf(given);
  const place = await findPlace(invocation);
  requireServer(place);
  const username = await accountOf(invocation, place);
  const files = await ownFiles(invocation, place, { preferProxy: false });
  const identity = await openIdentity(invocation, files);
  if (identity === 'anonymous') throw new TypeError('a credential is never anonymous');
  const withoutPassPhrase = given.flag('no-pass-phrase') || implyNoPassPhrase(policies);
  const proxyLifetime = given.lifetime('proxy-lifetime') ?? HALF_DAY;
  const client = clientFor(invocation, place, identity);
  const credential = given.text('credential');
  const putting = client.put({
    username,
    credname: given.text('credential'),
    description: given.text('description'),
    credential: identity,
    credentialLifetime: given.lifetime('lifetime') ?? WEEK,
    lifetime: proxyLifetime,
    policies,
    passphrase: withoutPassPhrase ? undefined : () => askNewMyProxyPassPhrase(invocation, username),
  });
  const stored = await explained({ username, credential }, putting);
  const now = context.now();
  const { host, port } = stored.server;
  const limit = proxyLifetime === 0 ? 'as long as it lasts' : `up to ${formatSpan(proxyLifetime)}`;
  return {
    json: {
      username,
      credential: given.text('credential') ?? null,
      server: { host, port, dn: stored.server.dn },
      ...validityJson(stored.chain[0]?.notBefore ?? now, stored.expires, now),
      proxyLifetimeSeconds: proxyLifetime,
      passPhrase: !withoutPassPhrase,
      policies,
    },
    lines: [
      `stored for "${username}" on ${host}:${port}: lasts ${formatSpan(secondsLeft(stored.expires, now))}, proxies from it ${limit}`,
    ],
  };
};
