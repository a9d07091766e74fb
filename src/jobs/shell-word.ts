/** One word of a POSIX shell that arrives as it is, whatever it contains; NUL is the caller's to refuse. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
