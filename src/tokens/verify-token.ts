import { LatchkeyError, type Secret } from '../kit/index.ts';
import { isSignature } from './algorithm.ts';
import { checkClaims } from './check-claims.ts';
import { chooseKey, type HeaderFacts, readHeader } from './choose-key.ts';
import { MAX_TOKEN_BYTES, parseCompactToken } from './compact-token.ts';
import type { KeySource } from './key-source.ts';
import type { PublishedKey } from './published-key.ts';
import { type Rejection, rejection } from './rejection.ts';
import { TOKEN_KINDS } from './token-kind.ts';
import type { TokenKind, TokenReport } from './verified-token.ts';

/** Whom a verifier trusts, who it is, and when. */
export interface VerifyOptions {
  /** Where the issuers' keys come from: {@link fixedKeys} or {@link discoverKeys}. */
  readonly keys: KeySource;
  /** The issuers trusted, exactly as `iss` has them: a slash more is another issuer. */
  readonly issuers: readonly string[];
  /** Our own names; without any only tokens for everybody are accepted. */
  readonly audience: readonly string[];
  readonly now: Date;
  /** Seconds that clocks may differ; default 60. */
  readonly clockSkewSeconds?: number | undefined;
  /** Default every kind. */
  readonly kinds?: readonly TokenKind[] | undefined;
  /** Refuse what lives longer; default no bound. */
  readonly maxLifetimeSeconds?: number | undefined;
  /** Default 16 384. */
  readonly maxBytes?: number | undefined;
}

/**
 * Verifies a token: form, issuer, key, signature, then every claim by the rules of its profile. All reasons to refuse it are
 * reported; up to the signature the first one ends it.
 *
 * @throws LatchkeyError `tokens/issuer` when the issuer's keys cannot be had: the token may be good
 */
export async function verifyToken(token: Secret | string, options: VerifyOptions): Promise<TokenReport> {
  const text = typeof token === 'string' ? token : token.revealText();
  const parsed = parseCompactToken(text, options.maxBytes ?? MAX_TOKEN_BYTES);
  if ('code' in parsed) return refused(parsed);
  const header = readHeader(parsed.header);
  if ('code' in header) return refused(header);
  const { iss } = parsed.claims;
  // Before anything is fetched: whoever writes a token does not choose whom we ask.
  if (typeof iss !== 'string' || !options.issuers.includes(iss))
    return refused(untrusted(iss, options.issuers));
  const key = await findKey(iss, header, options.keys);
  if ('code' in key) return refused(key);
  if (!isSignature(header.algorithm, parsed.signingInput, parsed.signature, key.publicKey)) {
    return refused(rejection('signature', 'the signature is wrong', 'RFC 7515 §5.2'));
  }
  const checked = checkClaims(parsed.claims, header, {
    audience: options.audience,
    kinds: options.kinds ?? TOKEN_KINDS,
    now: options.now,
    clockSkewSeconds: options.clockSkewSeconds ?? 60,
    maxLifetimeSeconds: options.maxLifetimeSeconds,
  });
  if (!('kind' in checked)) return { ok: false, findings: checked };
  return { ok: true, token: { ...checked, keyId: key.keyId }, findings: [] };
}

/** A report as an error, for callers that go no further. */
export function rejectedError(report: TokenReport): LatchkeyError {
  const messages = report.findings.map(({ message }) => message);
  return new LatchkeyError('tokens/rejected', messages.join('; '), {
    details: { findings: report.findings.map(({ code }) => code) },
  });
}

async function findKey(
  issuer: string,
  header: HeaderFacts,
  source: KeySource,
): Promise<PublishedKey | Rejection> {
  const first = chooseKey(header, await source.keysOf(issuer));
  if (!('code' in first) || first.code !== 'key/unknown') return first;
  // Perhaps it is newer than what the source remembers.
  return chooseKey(header, await source.keysOf(issuer, header.keyId));
}

function untrusted(iss: unknown, issuers: readonly string[]): Rejection {
  const isAlmost = typeof iss === 'string' && issuers.some((one) => bare(one) === bare(iss));
  const more = isAlmost ? ': only the slash at its end differs' : '';
  return rejection('issuer', `the issuer is not one of those trusted${more}`, 'RFC 8725 §3.8');
}

function bare(issuer: string): string {
  return issuer.replace(/\/+$/, '');
}

function refused(...findings: readonly Rejection[]): TokenReport {
  return { ok: false, findings };
}
