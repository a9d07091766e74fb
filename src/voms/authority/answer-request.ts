import { LatchkeyError } from '../../kit/index.ts';
import type { Certificate, Signer } from '../../x509/index.ts';
import { formatFqan, parseFqan } from '../fqan.ts';
import { issueAttributeCertificate } from '../issue.ts';
import type { AnswerNote } from '../response.ts';
import { type ServedAnswer, writeLegacyAnswer, writeRestAnswer } from './answer.ts';
import type { IdentifiedClient } from './client.ts';
import { type AttributeGrant, decideAttributes, isRefusal } from './decision.ts';
import type { VoMembership } from './membership.ts';
import type { ServedRequest } from './served-request.ts';

/** An attribute authority: whom it serves, and what it signs with. */
export interface AttributeAuthority {
  readonly membership: VoMembership;
  /** How its LSC file is named, and its port: both stand in what it issues. */
  readonly host: string;
  readonly port: number;
  /** Its own certificate first, then those above it; without a self-signed one. */
  readonly certificates: readonly Certificate[];
  readonly signer: Signer;
}

/** What is sent back, and what there is to remember of it. */
export interface AuthorityOutcome {
  readonly bytes: Buffer;
  readonly verdict: 'done' | 'refused' | 'failed';
  /** For refusals and failures: why, in one line. */
  readonly why?: string;
  /** What the client got. */
  readonly fqans?: readonly string[];
  readonly lifetimeSeconds?: number;
  readonly serialNumber?: bigint;
}

/** Peers' clocks may be this much behind ours. */
const CLOCK_SKEW_MS = 300_000;

/**
 * Answers one request. Never rejects for what a client sent.
 *
 * @param client who asks, or the line that says why it is nobody
 */
export async function answerRequest(
  authority: AttributeAuthority,
  client: IdentifiedClient | string,
  served: ServedRequest,
  now: Date,
): Promise<AuthorityOutcome> {
  const { problem, request } = served;
  const refuse = (
    refusal: Extract<ServedAnswer, { refusal: string }>['refusal'],
    message: string,
  ): AuthorityOutcome => ({
    bytes: write(served, { refusal, message }),
    verdict: refusal === 'failed' ? 'failed' : 'refused',
    why: message.replaceAll('\n', ' '),
  });
  if (typeof client === 'string') return refuse('no-such-user', client);
  if (problem !== undefined || request === undefined) {
    const kind = problem?.kind === 'not-found' ? 'not-found' : 'bad-request';
    return refuse(kind, problem?.message ?? 'no request');
  }
  const here = `${authority.host}:${authority.port}`;
  const decision = decideAttributes(authority.membership, client, request, { here, now });
  if (isRefusal(decision)) return refuse(decision.reason, decision.message);
  try {
    const certificate = await issue(authority, client.holder, decision, request.targets, now);
    const warnings = [...(served.hasUnknown ? [UNKNOWN] : []), ...decision.warnings];
    return {
      bytes: write(served, { certificate: certificate.der, warnings }),
      verdict: 'done',
      fqans: decision.fqans,
      lifetimeSeconds: decision.lifetimeSeconds,
      serialNumber: certificate.serialNumber,
    };
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    // What is wrong inside is not for the client.
    return { ...refuse('failed', 'the attributes could not be signed'), why: error.message };
  }
}

const UNKNOWN: AnswerNote = { code: '4', message: 'Unknown parameters in the request were ignored!' };

function issue(
  authority: AttributeAuthority,
  holder: Certificate,
  grant: AttributeGrant,
  targets: readonly string[],
  now: Date,
): ReturnType<typeof issueAttributeCertificate> {
  return issueAttributeCertificate({
    holder,
    issuer: authority.certificates,
    signer: authority.signer,
    vo: authority.membership.vo,
    host: authority.host,
    port: authority.port,
    fqans: grant.fqans.map((fqan) => formatFqan(parseFqan(fqan), 'long')),
    genericAttributes: grant.attributes,
    ...(targets.length === 0 ? {} : { targets }),
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter: new Date(now.getTime() + grant.lifetimeSeconds * 1_000),
  });
}

function write({ protocol, wantsBase64 }: ServedRequest, answer: ServedAnswer): Buffer {
  return protocol === 'rest' ? writeRestAnswer(answer) : writeLegacyAnswer(answer, wantsBase64);
}
