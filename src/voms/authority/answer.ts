import type { AnswerNote } from '../response.ts';
import { encodeBase64Lines, encodeVomsBase64 } from '../voms-base64.ts';
import { escapeXml } from '../xml-elements.ts';
import type { RefusalReason } from './decision.ts';

/** What a client is told, in whichever interface it asked. */
export type ServedAnswer =
  | { readonly certificate: Buffer; readonly warnings: readonly AnswerNote[] }
  | { readonly refusal: RefusalReason | 'not-found' | 'failed'; readonly message: string };

/** How a refusal is told: HTTP status and code of the REST interface, number of the older one. */
const REFUSALS = {
  'no-such-user': { status: '403 Forbidden', code: 'NoSuchUser', number: 1001 },
  suspended: { status: '403 Forbidden', code: 'SuspendedUser', number: 1004 },
  'not-satisfiable': { status: '400 Bad Request', code: 'BadRequest', number: 1001 },
  'bad-request': { status: '400 Bad Request', code: 'BadRequest', number: 1005 },
  'not-found': { status: '404 Not Found', code: 'NotFound', number: 1005 },
  failed: { status: '500 Internal Server Error', code: 'InternalError', number: 1006 },
} as const;

/**
 * An answer of the REST interface, byte for byte what all clients read: with XML declaration and Content-Length, base64 in lines of
 * 64, and status 200 also with warnings. The real server's 500 with a certificate is an error to the C++ and ARC clients.
 */
export function writeRestAnswer(answer: ServedAnswer): Buffer {
  if (!('refusal' in answer)) {
    const warnings = answer.warnings
      .map(({ message }) => `<warning>${escapeXml(message)}</warning>`)
      .join('');
    return http('200 OK', `<ac>${encodeBase64Lines(answer.certificate)}</ac>${warnings}`);
  }
  const { status, code } = REFUSALS[answer.refusal];
  return http(status, `<error><code>${code}</code><message>${escapeXml(answer.message)}</message></error>`);
}

function http(status: string, contents: string): Buffer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><voms>${contents}</voms>`);
  const head = [
    `HTTP/1.1 ${status}`,
    'Server: latchkey',
    'X-Frame-Options: SAMEORIGIN',
    'Content-Type: text/xml; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head), body]);
}

/** An answer of the older interface; with a refusal, the certificate is one byte that is none. */
export function writeLegacyAnswer(answer: ServedAnswer, wantsBase64: boolean): Buffer {
  const isRefusal = 'refusal' in answer;
  const notes: readonly AnswerNote[] = isRefusal
    ? [{ code: String(REFUSALS[answer.refusal].number), message: answer.message }]
    : answer.warnings;
  const items = notes.map(
    ({ code, message }) =>
      `<item><number>${/^\d+$/.test(code) ? code : '2'}</number><message>${escapeXml(message)}</message></item>`,
  );
  const certificate = isRefusal ? Buffer.from('A') : answer.certificate;
  const encoded = wantsBase64 ? encodeBase64Lines(certificate) : encodeVomsBase64(certificate);
  const errors = items.length === 0 ? '' : `<error>${items.join('')}</error>`;
  return Buffer.from(
    `<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version>${errors}<ac>${encoded}</ac></vomsans>`,
  );
}
