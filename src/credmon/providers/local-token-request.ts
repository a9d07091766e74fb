import type { TokenProfile, TokenRequest } from '../../tokens/index.ts';
import type { LocalProvider } from '../settings.ts';

const PROFILES: Readonly<Record<string, TokenProfile>> = {
  'scitoken:2.0': 'scitokens:2.0',
  'scitokens:2.0': 'scitokens:2.0',
  wlcg: 'wlcg:1.0',
  'wlcg:1.0': 'wlcg:1.0',
};

/** What a local provider's token for a user says, without its times and its name. Pure. */
export function localTokenRequest(provider: LocalProvider, username: string, scope: string): TokenRequest {
  const { version, issuer, audience, lifetimeSeconds } = provider;
  const isMarked = version in PROFILES || version === '';
  return {
    profile: PROFILES[version] ?? 'scitokens:1.0',
    issuer,
    subject: username,
    audience,
    scope,
    lifetimeSeconds,
    ...(isMarked ? {} : { claims: { ver: version } }),
  };
}
