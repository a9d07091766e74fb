import type { Finding } from '../kit/index.ts';

/** Everything that validation can find, and what to do about it. The keys are a closed list, so that callers can branch on them. */
export const VOMS_REMEDIES = {
  'ac/malformed': 'make a new proxy; if it is so again, tell those who run the VOMS server',
  'ac/superseded': 'nothing to do: the newer attributes count',
  'ac/not-inherited': 'make the proxy with the attributes below the independent one',
  'ac/not-yet-valid': 'check the clocks of this machine and of the VOMS server',
  'ac/expired': 'make a new proxy with voms-proxy-init',
  'ac/holder-mismatch': 'make a proxy of your own: attributes cannot be handed on',
  'ac/server-unknown':
    "put the server's LSC file (subject and issuer of its certificate, a line each) into <vomsdir>/<vo>/",
  'ac/lsc-mismatch':
    'compare the LSC file with what the organization publishes: the server may have a new certificate, or it is not the server',
  'ac/issuer-mismatch': 'tell those who run the VOMS server',
  'ac/server-untrusted': "install the trust roots and CRLs of the server's authority",
  'ac/signature-invalid':
    'make a new proxy: these attributes were changed on the way, or are not from this server',
  'ac/algorithm-unsupported': 'tell those who run the VOMS server to sign with RSA or ECDSA and SHA-256',
  'ac/algorithm-aging': 'tell those who run the VOMS server to sign with SHA-256',
  'ac/key-identifier': 'make a new proxy; if it is so again, tell those who run the VOMS server',
  'ac/extension-missing': 'tell those who run the VOMS server',
  'ac/extension-critical': 'tell those who run the VOMS server',
  'ac/target-mismatch': 'use it on one of its targets, or ask for attributes without targets',
} as const;

/** See {@link VOMS_REMEDIES}. */
export type VomsFindingCode = keyof typeof VOMS_REMEDIES;

/** One finding about an attribute certificate. */
export interface VomsFinding extends Finding {
  readonly code: VomsFindingCode;
  /** A warning does not make the attributes invalid. */
  readonly severity: 'error' | 'warning';
  /** What to do about it; one line. */
  readonly remedy: string;
}

/** Collects findings about one attribute certificate. */
export type Report = (
  code: VomsFindingCode,
  message: string,
  rule: string,
  severity?: VomsFinding['severity'],
) => void;
