/** Deepest nesting of a header or claim set. */
const MAX_DEPTH = 16;

/**
 * Reads a JSON object as a token may hold it: UTF-8, no member twice in any object (RFC 7519 §4 lets a reader refuse; two readers
 * that choose differently are an attack), not nested deeper than 16.
 *
 * @returns the members, or why there are none
 */
export function parseStrictObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | string {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
  return findDuplicate(text) ?? (value as Readonly<Record<string, unknown>>);
}

/** Walks over JSON that is known to be well-formed: strings and brackets are all that matters. */
function findDuplicate(text: string): string | undefined {
  /** Names seen in each open object; `undefined` for an array. */
  const open: (Set<string> | undefined)[] = [];
  const pieces = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;
  for (const [piece, colon] of text.matchAll(pieces)) {
    if (piece === '{' || piece === '[') open.push(piece === '{' ? new Set() : undefined);
    else if (piece === '}' || piece === ']') open.pop();
    else if (colon !== undefined) {
      const name: string = JSON.parse(piece.slice(0, -colon.length));
      const names = open.at(-1);
      if (names?.has(name)) return `has the member ${JSON.stringify(name.slice(0, 50))} twice`;
      names?.add(name);
    }
    if (open.length > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH}`;
  }
  return undefined;
}
