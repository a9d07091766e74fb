import { isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { type AttributeRequest, checkRequest } from './contact-request.ts';
import { type ContactOptions, exchange, placeOf } from './contact-tls.ts';
import { encodeLegacyRequest } from './request-legacy.ts';
import { encodeRestRequest } from './request-rest.ts';
import type { AnswerNote, AttributeAnswer } from './response.ts';
import { parseLegacyAnswer } from './response-legacy.ts';
import { parseRestAnswer } from './response-rest.ts';
import type { VomsServer } from './vomses.ts';

/** What one server gave, unchecked. */
export interface ContactResult {
  /** DER of the attribute certificate. */
  readonly certificate: Buffer;
  readonly warnings: readonly AnswerNote[];
  readonly protocol: 'rest' | 'legacy';
}

/**
 * Asks one server, by its REST interface, and by the older one when it does not know that.
 *
 * @throws LatchkeyError `voms/no-such-user`, `voms/suspended`, `voms/bad-request` or `voms/refused` with the server's own words,
 * `voms/answer` for one that is none, `voms/value-invalid`, and what {@link exchange} throws
 */
export async function contactServer(
  server: VomsServer,
  request: AttributeRequest,
  options: ContactOptions,
): Promise<ContactResult> {
  checkRequest(server.vo, request);
  try {
    const rest = await askRest(server, request, options);
    if (rest !== undefined && isSaying(rest)) return resultOf(server, rest, 'rest');
    const legacy = parseLegacyAnswer(await exchange(server, encodeLegacyRequest(request), options));
    return resultOf(server, legacy, 'legacy');
  } catch (error) {
    if (!isLatchkeyError(error, 'voms/answer') || error.message.startsWith(placeOf(server))) throw error;
    throw new LatchkeyError('voms/answer', `${placeOf(server)}: ${error.message}`, { cause: error });
  }
}

/** voms-server 2.1 forgets why it gives nothing when it also has a warning; its older interface knows. */
function isSaying({ certificate, errors }: AttributeAnswer): boolean {
  return certificate !== undefined || errors.length > 0;
}

async function askRest(
  server: VomsServer,
  request: AttributeRequest,
  options: ContactOptions,
): Promise<AttributeAnswer | undefined> {
  try {
    const text = encodeRestRequest(request, server.host, server.port);
    return parseRestAnswer(await exchange(server, text, options));
  } catch (error) {
    // A server that knows only the older interface may also break the connection off.
    if (isLatchkeyError(error, 'voms/unreachable') && error.message.includes('the answer did not come'))
      return undefined;
    throw error;
  }
}

function resultOf(
  server: VomsServer,
  answer: AttributeAnswer,
  protocol: ContactResult['protocol'],
): ContactResult {
  const { certificate, warnings, errors } = answer;
  if (certificate !== undefined) return { certificate, warnings, protocol };
  throw refusal(server, errors);
}

/** What the servers' codes mean, in both interfaces. */
const MEANINGS = [
  {
    codes: ['NoSuchUser'],
    words: /user unknown|not a member|no such user/i,
    code: 'voms/no-such-user',
    hint: 'is this the certificate you registered with the organisation?',
  },
  {
    codes: ['SuspendedUser', '1004'],
    words: /suspended/i,
    code: 'voms/suspended',
    hint: 'the managers of the organisation can lift that, often after you sign its rules again',
  },
  {
    codes: ['BadRequest', '1001', '1005'],
    words: /unable to satisfy/i,
    code: 'voms/bad-request',
    hint: 'are you in that group, and do you have that role? ask for the organisation alone to see your groups',
  },
] as const;

function refusal(server: VomsServer, errors: readonly AnswerNote[]): LatchkeyError {
  const words = errors.map(({ message }) => message).join('; ') || 'no attributes, and no reason why';
  // Servers use one number for several things in the older interface: their words come first.
  const meaning =
    MEANINGS.find((row) => row.words.test(words)) ??
    MEANINGS.find((row) => errors.some(({ code }) => row.codes.some((known) => known === code)));
  const details = { server: placeOf(server), words, codes: errors.map(({ code }) => code) };
  const message = `${placeOf(server)} refused: ${words.replaceAll('\n', ' ')}`;
  return meaning === undefined
    ? new LatchkeyError('voms/refused', message, { details })
    : new LatchkeyError(meaning.code, message, { details, hint: meaning.hint });
}
