import { LatchkeyError, quote } from '../kit/index.ts';
import { type AnswerNote, type AttributeAnswer, keptNotes } from './response.ts';
import { decodeBase64, decodeVomsBase64 } from './voms-base64.ts';
import { elementsNamed, elementText } from './xml-elements.ts';

/** Numbers below are warnings: the attributes came, but not quite as asked for. */
const FIRST_ERROR = 1_000;

/**
 * Reads an answer of the older interface: everything that came until the connection ended. With errors there is a certificate
 * of one byte (`QQ==`), which is none.
 *
 * @throws LatchkeyError `voms/answer`
 */
export function parseLegacyAnswer(bytes: Buffer): AttributeAnswer {
  const text = bytes.toString('utf8');
  const [answer] = elementsNamed(text, 'vomsans');
  if (answer === undefined) {
    throw new LatchkeyError(
      'voms/answer',
      bytes.length === 0
        ? 'the server closed the connection without an answer'
        : `the server answered with something else than <vomsans>: ${quote(text, 60)}`,
    );
  }
  const notes = elementsNamed(answer, 'item').map((item) => ({
    code: elementText(elementsNamed(item, 'number')[0] ?? '').trim(),
    message: elementText(elementsNamed(item, 'message')[0] ?? ''),
  }));
  const isWarning = ({ code }: AnswerNote): boolean => /^\d+$/.test(code) && Number(code) < FIRST_ERROR;
  const warnings = keptNotes(notes.filter(isWarning));
  const errors = keptNotes(notes.filter((note) => !isWarning(note)));
  const encoded = elementsNamed(answer, 'ac')[0];
  if (errors.length > 0 || encoded === undefined) return { warnings, errors };
  return { certificate: decodeEither(elementText(encoded)), warnings, errors };
}

/** Old servers answer in VOMS' own alphabet whatever they are asked. A certificate begins with a SEQUENCE in any case. */
function decodeEither(text: string): Buffer {
  const found = [decodeBase64(text), decodeVomsBase64(text)].find((bytes) => bytes?.[0] === 0x30);
  if (found !== undefined) return found;
  throw new LatchkeyError('voms/answer', `the attributes in the answer are no base64: ${quote(text, 40)}`);
}
