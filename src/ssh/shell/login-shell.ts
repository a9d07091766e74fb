/**
 * A command line for whatever login shell an account has (bash, csh, fish, …) that runs a POSIX script in `/bin/sh`, in the
 * shell's own process. Each of those shells has its own view of line ends, `!` and backslashes between quotes: they are spelt
 * in octal, and `/bin/sh` reads them.
 */
export function loginShellCommand(script: string): string {
  if (/^[\w ./:;=@%+,&|<>()$-]*$/.test(script)) return `exec /bin/sh -c '${script}'`;
  let spelt = '';
  for (const byte of Buffer.from(script)) {
    const character = String.fromCharCode(byte);
    if (/[\w ./:;=@+,]/.test(character)) spelt += character;
    // dash reads the escapes first and the format then.
    else spelt += character === '%' ? '%%' : `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `exec /bin/sh -c 'eval "$(printf "${spelt}")"'`;
}
