import { createHash, randomInt } from 'node:crypto';

/** Crockford's alphabet: no I, L, O and U, so that nothing is mistaken for a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 8;

/** A new sign-in code, `7GK2-M4QX`: 40 random bits. */
export function createCode(): string {
  const letters = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** A code as it was meant: any case, blanks and dashes anywhere, O for 0, I and L for 1. Undefined = no code at all. */
export function normalizeCode(typed: string): string | undefined {
  if (typed.length > 40) return undefined;
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  const isCode = letters.length === LENGTH && [...letters].every((letter) => ALPHABET.includes(letter));
  return isCode ? `${letters.slice(0, 4)}-${letters.slice(4)}` : undefined;
}

/**
 * The file that proves a code: its name cannot be guessed without the code, and its contents cannot be a file that
 * the user wrote for something else.
 */
export function proofOf(code: string): { readonly fileName: string; readonly contents: string } {
  const digest = (purpose: string): string =>
    createHash('sha256').update(`latchkey sign-in ${purpose} ${code}`).digest('hex');
  return { fileName: digest('name'), contents: `${digest('proof')}\n` };
}
