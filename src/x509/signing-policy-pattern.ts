/**
 * Makes a test out of a pattern on one-line names. The last `*` stands for one or more characters, everything else for
 * itself: that is what the C tools do, although their documents speak of `?` and of several stars.
 */
export function compileSubjectPattern(pattern: string): (comparableName: string) => boolean {
  const comparable = comparableOneline(pattern);
  const star = comparable.lastIndexOf('*');
  const before = comparable.slice(0, star);
  const after = comparable.slice(star + 1);
  return (name) =>
    name === comparable ||
    (star >= 0 &&
      name.length > before.length + after.length &&
      name.startsWith(before) &&
      name.endsWith(after));
}

/** A one-line name (or pattern) as the C tools compare it: ASCII letters in lower case, old attribute names replaced. */
export function comparableOneline(text: string): string {
  return text
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replace(/\/(uid|e|email)=/g, (_whole, type: string) => (type === 'uid' ? '/userid=' : '/emailaddress='));
}

/** Undoes the escapes of a pattern: `\c` is c, `\x41` is A. Undefined when one is malformed, or the pattern has a line break. */
export function unescapePattern(raw: string): string | undefined {
  if (/^(?:[^\\]|\\[^x]|\\x[0-9a-fA-F]{2})*\\?$/s.test(raw) === false || /(?<!\\)[\r\n]/.test(raw))
    return undefined;
  return raw.replace(/\\(?:x([0-9a-fA-F]{2})|([\s\S])|$)/g, (_whole, hex?: string, plain?: string) =>
    hex === undefined ? (plain ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
