import { LatchkeyError } from '../../kit/index.ts';
import { type ContainerKind, type InputSink, isoDate, walkInput } from '../input-walk.ts';
import type { PyComplex, PyroInput } from '../value.ts';

const HEADER = '# serpent utf-8 python3.2\n';

/** Writes serpent's text, as Python's `serpent.dumps` does: a literal of Python. */
export function writeSerpent(value: PyroInput): Uint8Array {
  const sink = new SerpentSink();
  walkInput(value, sink);
  return Buffer.from(sink.output, 'utf8');
}

const OPENING: Readonly<Record<ContainerKind, string>> = {
  list: '[',
  tuple: '(',
  set: '{',
  frozenset: '{',
  dict: '{',
};

class SerpentSink implements InputSink {
  output = HEADER;

  none(): void {
    this.output += 'None';
  }
  boolean(value: boolean): void {
    this.output += value ? 'True' : 'False';
  }
  integer(value: number | bigint): void {
    this.output += String(value);
  }
  float(value: number): void {
    // There is no literal for NaN, and the literal for infinity is one that overflows.
    if (Number.isNaN(value)) this.output += "{'__class__':'float','value':'nan'}";
    else this.output += floatText(value);
  }
  text(value: string): void {
    this.output += stringLiteral(value);
  }
  bytes(value: Uint8Array, hashable: boolean): void {
    // The usual form is a dict, which cannot be a key.
    this.output += hashable ? bytesLiteral(value) : `{'data':'${base64(value)}','encoding':'base64'}`;
  }
  complex(value: PyComplex): void {
    if (Number.isNaN(value.real) || Number.isNaN(value.imaginary))
      throw unwritable('a complex number with a part that is not a number');
    const imaginary = floatText(value.imaginary);
    this.output += `(${floatText(value.real)}${imaginary.startsWith('-') ? '' : '+'}${imaginary}j)`;
  }
  date(value: Date): void {
    this.output += `'${isoDate(value)}'`;
  }
  begin(kind: ContainerKind, size: number): void {
    if (kind === 'frozenset') throw unwritable('a set in a set or a key');
    // Python has no literal for the empty set; serpent sends the empty tuple.
    this.output += kind === 'set' && size === 0 ? '(' : OPENING[kind];
  }
  item(index: number): void {
    if (index > 0) this.output += ',';
  }
  entryValue(): void {
    this.output += ':';
  }
  end(kind: ContainerKind, size: number): void {
    if (kind === 'tuple') this.output += size === 1 ? ',)' : ')';
    else if (kind === 'list') this.output += ']';
    else this.output += kind === 'set' && size === 0 ? ')' : '}';
  }
}

function unwritable(what: string): LatchkeyError {
  return new LatchkeyError('pyro/value', `serpent cannot write ${what}`, {
    hint: 'use the marshal serializer',
  });
}

function floatText(value: number): string {
  if (value === Infinity) return '1e30000';
  if (value === -Infinity) return '-1e30000';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NEEDS_CARE = /[\\'\u0000-\u001f\u007f\ud800-\udfff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const ESCAPED = /[\\'\u0000-\u001f\u007f\p{Cs}]/gu;

function stringLiteral(value: string): string {
  return NEEDS_CARE.test(value) ? `'${value.replace(ESCAPED, escaped)}'` : `'${value}'`;
}

function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
}

function bytesLiteral(value: Uint8Array): string {
  return `b'${Buffer.from(value).toString('hex').replace(/../g, '\\x$&')}'`;
}

function base64(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}
