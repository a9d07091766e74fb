import { LatchkeyError, quote } from '../kit/index.ts';
import { type AnswerNote, type AttributeAnswer, keptNotes } from './response.ts';
import { decodeBase64 } from './voms-base64.ts';
import { elementsNamed, elementText } from './xml-elements.ts';

/**
 * Reads an answer of the REST interface: everything that came until the connection ended.
 *
 * @returns undefined when this is no answer to it at all: nothing came, or the server knows no such path. The older interface
 * may still answer.
 * @throws LatchkeyError `voms/answer` when it is one and cannot be read
 */
export function parseRestAnswer(bytes: Buffer): AttributeAnswer | undefined {
  const text = bytes.toString('utf8');
  const head = /^HTTP\/1\.[01] (\d{3})[^\n]*\n/.exec(text);
  if (head === null) return undefined;
  const status = Number(head[1]);
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return undefined;
  const headers = text.slice(0, end.index);
  const body = bodyOf(text.slice(end.index + end[0].length), headers);
  const answers = elementsNamed(body, 'voms');
  const [answer] = answers;
  if (answer === undefined) {
    if (status >= 500 || status === 404 || status === 400) return undefined;
    throw new LatchkeyError('voms/answer', `the server answered ${status} and no attributes`);
  }
  const errors: AnswerNote[] = elementsNamed(answer, 'error').map((error) => ({
    code: textOf(error, 'code'),
    message: textOf(error, 'message') || elementText(error),
  }));
  const warnings = elementsNamed(answer, 'warning').map((warning) => ({
    code: textOf(warning, 'code'),
    message: textOf(warning, 'message') || elementText(warning),
  }));
  const encoded = elementsNamed(answer, 'ac')[0];
  if (encoded === undefined || errors.length > 0) {
    return { warnings: keptNotes(warnings), errors: keptNotes(errors) };
  }
  const certificate = decodeBase64(elementText(encoded));
  if (certificate === undefined) {
    throw new LatchkeyError(
      'voms/answer',
      `the attributes in the answer are no base64: ${quote(encoded, 40)}`,
    );
  }
  return { certificate, warnings: keptNotes(warnings), errors: [] };
}

function textOf(contents: string, name: string): string {
  return elementText(elementsNamed(contents, name)[0] ?? '');
}

/** A server may answer in chunks though HTTP/1.0 has none. */
function bodyOf(text: string, headers: string): string {
  if (!/^transfer-encoding:\s*chunked\s*$/im.test(headers)) return text;
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const head = /^([0-9a-f]{1,7})[^\n]*\n/i.exec(rest);
    const size = Number.parseInt(head?.[1] ?? '0', 16);
    if (head === null || size === 0) return parts.join('');
    parts.push(rest.slice(head[0].length, head[0].length + size));
    rest = rest.slice(head[0].length + size).replace(/^\r?\n/, '');
  }
}
