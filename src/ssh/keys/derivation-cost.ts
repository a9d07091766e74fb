/** One DER element: where its contents begin and end. */
interface Span {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const INTEGER = 0x02;
const MAX_DEPTH = 8;

/** True when the bytes are one DER sequence, neither cut nor followed by anything. */
export function isWholeSequence(der: Buffer): boolean {
  const outer = spanAt(der, 0, der.length);
  return outer?.tag === SEQUENCE && outer.end === der.length;
}

/**
 * What the key derivation of an encrypted PKCS #8 key costs, without running it: the iterations of PBKDF2 and its elders, or
 * N·r·p of scrypt. In all of them the numbers follow the salt, an octet string. 0 when nothing like it is found.
 */
export function derivationCost(der: Buffer): number {
  return costIn(der, 0, der.length, 0);
}

function costIn(der: Buffer, start: number, end: number, depth: number): number {
  if (depth > MAX_DEPTH) return Number.POSITIVE_INFINITY;
  let cost = 0;
  let numbers: number[] | undefined;
  for (let at = start; at < end; ) {
    const span = spanAt(der, at, end);
    if (span === undefined) return cost;
    if (span.tag === OCTET_STRING) numbers = [];
    else if (span.tag === INTEGER) numbers?.push(numberIn(der, span));
    else if (span.tag === SEQUENCE) cost = Math.max(cost, costIn(der, span.start, span.end, depth + 1));
    at = span.end;
  }
  const [first = 0, second = 1, third = 1] = numbers ?? [];
  // PBKDF2 has one number, and maybe the length of the key; scrypt has three.
  return Math.max(cost, numbers?.length === undefined || numbers.length < 3 ? first : first * second * third);
}

function numberIn(der: Buffer, { start, end }: Span): number {
  return end - start > 6 ? Number.POSITIVE_INFINITY : der.readUIntBE(start, Math.max(1, end - start));
}

function spanAt(der: Buffer, at: number, end: number): Span | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (extra > 4 || at + 2 + extra > end) return undefined;
  const length = extra === 0 ? first & 0x7f : der.readUIntBE(at + 2, extra);
  const start = at + 2 + extra;
  return start + length > end ? undefined : { tag, start, end: start + length };
}
