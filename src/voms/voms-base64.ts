const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const OWN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]';

/** VOMS' own base64: small letters first, `[` and `]` at the end, without padding or line breaks. */
export function encodeVomsBase64(bytes: Uint8Array): string {
  return translate(Buffer.from(bytes).toString('base64').replaceAll('=', ''), STANDARD, OWN);
}

/** Reads VOMS' own base64; undefined when there is anything else in the text. */
export function decodeVomsBase64(text: string): Buffer | undefined {
  const plain = text.replaceAll(/\s/g, '');
  if (!/^[a-zA-Z0-9[\]]*$/.test(plain) || plain.length % 4 === 1) return undefined;
  return Buffer.from(translate(plain, OWN, STANDARD), 'base64');
}

/** Reads ordinary base64, whatever its line breaks; undefined when there is anything else in the text. */
export function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replaceAll(/\s/g, '');
  if (!/^[a-zA-Z0-9+/]*={0,2}$/.test(plain) || plain.replaceAll('=', '').length % 4 === 1) return undefined;
  return Buffer.from(plain, 'base64');
}

/** Ordinary base64 in lines of 64 characters, the last with a newline too: the C programs read no longer ones. */
export function encodeBase64Lines(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{1,64}/g, '$&\n');
}

function translate(text: string, from: string, to: string): string {
  return text.replaceAll(/./g, (character) => to[from.indexOf(character)] ?? '');
}
