import { type Finding, quote } from '../kit/index.ts';
import type { TokenAlgorithm } from './algorithm.ts';
import { parseScope } from './scope.ts';
import { KIND_RULES } from './token-kind.ts';
import type { TokenRequest } from './token-request.ts';

/** WLCG profile, lifetimes of access tokens: 15 minutes to 6 hours. */
const MIN_LIFETIME = 900;
const MAX_LIFETIME = 6 * 3600;

const ANY_AUDIENCES = [KIND_RULES['scitokens:2.0'].anyAudience, KIND_RULES.wlcg.anyAudience];

/**
 * What makes a token weaker than it need be, or unusable with verifiers in the field; nothing here is forbidden. Pure.
 *
 * @param algorithm what it will be signed with
 */
export function findWeaknesses(request: TokenRequest, algorithm: TokenAlgorithm): readonly Finding[] {
  const findings: Finding[] = [];
  const say = (code: string, message: string, rule: string): void => {
    findings.push({ code, message, rule });
  };
  for (const { name, path, text } of parseScope(request.scope).authorizations) {
    if (path?.segments.length === 0)
      say('weak/root', `${quote(text)} allows ${name} everywhere`, 'least privilege');
  }
  const any = request.audience.find((one) => ANY_AUDIENCES.includes(one));
  if (any !== undefined || request.audience.length === 0) {
    say('weak/any-audience', 'every service that trusts the issuer accepts the token', 'RFC 8725 §3.9');
  }
  if (request.lifetimeSeconds > MAX_LIFETIME) {
    say(
      'weak/long-life',
      `a life of ${request.lifetimeSeconds} s is longer than 6 h`,
      'WLCG profile, lifetimes',
    );
  }
  if (request.profile === 'wlcg:1.0' && request.lifetimeSeconds < MIN_LIFETIME) {
    say(
      'weak/short-life',
      `a life of ${request.lifetimeSeconds} s is shorter than 15 min`,
      'WLCG profile, lifetimes',
    );
  }
  if (!request.issuer.startsWith('https://')) {
    say(
      'weak/issuer-scheme',
      'verifiers fetch keys over https only, and the issuer is no https URL',
      'SciTokens, RFC 8414 §2',
    );
  }
  if (algorithm === 'EdDSA') {
    say(
      'weak/eddsa',
      'SciTokens and WLCG verifiers must know ES256 and RS256 only; few know EdDSA',
      'WLCG profile',
    );
  }
  return findings;
}

/**
 * Names that are the beginning of another: scitokens-cpp 0.7.3 and xrootd-scitokens 5.5.3 let the token of `alice` into the
 * directory of `alicex`, with a slash at the end of the path too. Pure.
 *
 * @param names user names, or whatever the paths of an issuer's scopes end in
 */
export function findAmbiguousNames(names: Iterable<string>): readonly Finding[] {
  const inOrder = [...new Set(names)].sort();
  const findings: Finding[] = [];
  /** Each begins with the one before it, and the name at hand with the last. */
  const beginnings: string[] = [];
  for (const name of inOrder) {
    while (beginnings.length > 0 && !name.startsWith(beginnings.at(-1) ?? '')) beginnings.pop();
    const shorter = beginnings.at(-1);
    if (shorter !== undefined) {
      findings.push({
        code: 'weak/ambiguous-name',
        message: `${quote(shorter, 60)} is the beginning of ${quote(name, 60)}: older verifiers take the one for the other`,
        rule: 'path matching on whole segments',
      });
    }
    beginnings.push(name);
  }
  return findings;
}
