/**
 * One word for a POSIX shell, whatever it contains.
 *
 * @throws TypeError for a NUL, which no program can be given
 */
export function shellWord(word: string): string {
  if (word.includes('\0')) throw new TypeError('a word of a command cannot hold a NUL character');
  if (/^[A-Za-z0-9_./:@%+,-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The argument of `printf` that writes exactly these bytes. */
export function printfFormat(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (text === '' && byte === 0x2d) text = '\\055';
    else if (byte === 0x27) text += "'\\''";
    else if (byte === 0x25) text += '%%';
    else if (byte === 0x5c) text += '\\\\';
    else if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `'${text}'`;
}
