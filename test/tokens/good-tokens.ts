import { generateKeyPairSync } from 'node:crypto';
import {
  makeSigningKey,
  type SigningKey,
  type TokenAlgorithm,
  type TokenProfile,
  type TokenRequest,
} from '../../src/tokens/index.ts';
import { AUDIENCE } from './token-maker.ts';

/** One shape of token that we issue. */
export interface GoodToken {
  readonly name: string;
  readonly algorithm: TokenAlgorithm;
  readonly request: TokenRequest;
}

const ANY_AUDIENCE: Readonly<Record<TokenProfile, readonly string[]>> = {
  'scitokens:1.0': [],
  'scitokens:2.0': ['ANY'],
  'wlcg:1.0': ['https://wlcg.cern.ch/jwt/v1/any'],
};

const AUDIENCES: Readonly<Record<string, (profile: TokenProfile) => readonly string[]>> = {
  'one audience': () => [AUDIENCE],
  'three audiences': () => ['https://one.example', AUDIENCE, 'https://three.example'],
  'any audience': (profile) => ANY_AUDIENCE[profile],
};

const SCOPES: Readonly<Record<TokenProfile, string>> = {
  'scitokens:1.0': 'read:/user/alice write:/user/alice/out',
  'scitokens:2.0': 'read:/user/alice write:/user/alice/out',
  'wlcg:1.0': 'storage.read:/user/alice storage.modify:/user/alice/out compute.read',
};

/** Every shape for an issuer: profile × algorithm × audience × groups. */
export function goodTokens(issuer: string): readonly GoodToken[] {
  const tokens: GoodToken[] = [];
  for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
    for (const profile of ['scitokens:1.0', 'scitokens:2.0', 'wlcg:1.0'] as const) {
      for (const [audienceName, audience] of Object.entries(AUDIENCES)) {
        const groupChoices = profile === 'wlcg:1.0' ? [undefined, ['/cms', '/cms/uscms']] : [undefined];
        for (const groups of groupChoices) {
          const name = [profile, algorithm, audienceName, groups ? 'groups' : 'no groups'].join(', ');
          const request = {
            profile,
            issuer,
            subject: 'alice',
            audience: audience(profile),
            scope: SCOPES[profile],
            groups,
            lifetimeSeconds: 1200,
          };
          tokens.push({ name, algorithm, request });
        }
      }
    }
  }
  return tokens;
}

/** One signing key for each algorithm, with its name as the key id. */
export function makeSigningKeys(): Readonly<Record<TokenAlgorithm, SigningKey>> {
  const pair = (key: SigningKey['privateKey'], keyId: string): SigningKey => makeSigningKey(key, keyId);
  return {
    ES256: pair(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'key-es'),
    RS256: pair(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'key-rs'),
    EdDSA: pair(generateKeyPairSync('ed25519').privateKey, 'key-ed'),
  };
}
