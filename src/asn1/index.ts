/**
 * `latchkey/asn1`: strict DER (X.690) that keeps exact bytes, and PEM (RFC 7468).
 * Readers return slices of the input, so that what was signed is verified byte for byte. It knows no X.509 structure.
 */
export { Cursor } from './cursor.ts';
export {
  children,
  contextTag,
  type Element,
  expectTag,
  implicitTag,
  malformed,
  readElement,
  readOnly,
  TAG,
} from './element.ts';
export { formatPem, type PemBlock, parsePem } from './pem.ts';
export {
  readBitString,
  readBoolean,
  readInteger,
  readIntegerBytes,
  readOctetString,
  readOid,
  readSmallInteger,
  readText,
  readTime,
} from './values.ts';
export {
  encode,
  encodeBitString,
  encodeBoolean,
  encodeIa5String,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodePrintableString,
  encodeSequence,
  encodeSet,
  encodeTime,
  encodeUtf8String,
} from './writer.ts';
