import type { Certificate } from './certificate.ts';
import { authorityKeyIdentifier, subjectKeyIdentifier } from './key-identifiers.ts';
import type { SignatureChecker, SignatureVerdict } from './path-signatures.ts';
import { isSameName } from './subject-hash.ts';
import type { TrustStore } from './trust-store.ts';

/** Most certificates a path may have, root included. */
export const MAX_PATH_DEPTH = 24;
/** Steps and ends that a search may take: real chains need a handful. */
const MAX_STEPS = 500;
const MAX_ENDS = 32;

/** One way from the leaf upwards, complete or not. */
export interface PathCandidate {
  /** Leaf … the last one found. */
  readonly certificates: readonly Certificate[];
  /** `signatures[i]` is about certificate i by certificate i + 1. */
  readonly signatures: readonly SignatureVerdict[];
  /** `trusted`: the last one is a trusted root. `limit`: the search gave up. */
  readonly end: 'trusted' | 'issuer-missing' | 'root-untrusted' | 'too-deep' | 'limit';
}

/**
 * Finds the ways from `leaf` to a trusted root through `pool` and the trust store, the likeliest first. Names and key
 * identifiers only suggest an issuer, its signature decides; an issuer whose signature fails is followed only where
 * there is no better one, to be able to say what is wrong.
 */
export function* searchPaths(
  leaf: Certificate,
  pool: readonly Certificate[],
  trust: TrustStore,
  signatures: SignatureChecker,
): Generator<PathCandidate> {
  let steps = MAX_STEPS;
  let ends = MAX_ENDS;

  function* extend(
    path: readonly Certificate[],
    verdicts: readonly SignatureVerdict[],
  ): Generator<PathCandidate> {
    const last = path[path.length - 1];
    if (last === undefined || ends <= 0) return;
    const endHere = (end: PathCandidate['end']): PathCandidate => {
      ends -= 1;
      return { certificates: path, signatures: verdicts, end };
    };
    steps -= 1;
    if (steps < 0) {
      ends = 0;
      yield { certificates: path, signatures: verdicts, end: 'limit' };
      return;
    }
    const isSelfIssued = isSameName(last.subject, last.issuer);
    const trusted = trust.issuers(last.issuer);
    if (isSelfIssued && trusted.some((anchor) => anchor.der.equals(last.der))) {
      yield endHere('trusted');
      return;
    }
    if (path.length >= MAX_PATH_DEPTH) {
      yield endHere('too-deep');
      return;
    }
    const used = new Set(path.map((certificate) => certificate.fingerprint));
    const candidates = [...trusted, ...pool].filter((candidate) => {
      if (used.has(candidate.fingerprint) || !isLikelyIssuer(candidate, last)) return false;
      used.add(candidate.fingerprint);
      return true;
    });
    let followed = 0;
    for (const candidate of candidates) {
      const verdict = signatures.check(last, candidate);
      if (verdict === 'limit') {
        yield endHere('limit');
        return;
      }
      if (verdict === 'bad' || verdict === 'unsupported') continue;
      followed += 1;
      yield* extend([...path, candidate], [...verdicts, verdict]);
    }
    if (followed > 0) return;
    const [suspect] = candidates;
    if (suspect !== undefined && !(isSelfIssued && signatures.check(last, last) === 'good')) {
      yield* extend([...path, suspect], [...verdicts, signatures.check(last, suspect)]);
    } else yield endHere(isSelfIssued ? 'root-untrusted' : 'issuer-missing');
  }

  yield* extend([leaf], []);
}

/** Name and, where both sides have one, key identifier fit (RFC 5280 §4.2.1.1; OpenSSL asks the same). */
function isLikelyIssuer(candidate: Certificate, certificate: Certificate): boolean {
  if (!isSameName(candidate.subject, certificate.issuer)) return false;
  try {
    const wanted = authorityKeyIdentifier(certificate);
    const actual = subjectKeyIdentifier(candidate);
    return wanted === undefined || actual === undefined || wanted.equals(actual);
  } catch {
    // A malformed identifier is reported with the other extensions.
    return true;
  }
}
