/** What a prompt of OpenSSH asks for. */
export type Question =
  | { readonly kind: 'pass-phrase'; readonly keyPath: string }
  /** `login` is `user@host` where the prompt names one. */
  | { readonly kind: 'password'; readonly login: string | undefined }
  /** A host key, a PIN, a one-time code, whatever it is: not answered here. */
  | { readonly kind: 'other' };

/** Reads a prompt by OpenSSH's own texts (`sshconnect2.c`, 7.6 to 10). The servers' texts are asked for by "password" alone. */
export function readPrompt(prompt: string): Question {
  const passPhrase = /^Enter passphrase for key '([^\n]*)': ?$/.exec(prompt);
  if (passPhrase?.[1] !== undefined) return { kind: 'pass-phrase', keyPath: passPhrase[1] };
  const password = /^([^\s@]+@[^\s]+)'s password: ?$/.exec(prompt);
  if (password?.[1] !== undefined) return { kind: 'password', login: password[1] };
  // keyboard-interactive: what follows the login is the server's own text.
  const interactive =
    /^(?:\(([^\s()]+@[^\s()]+)\) )?((?:[\w ]{0,40} )?)password(?: for [^\n]{1,200})?: ?$/i.exec(prompt);
  if (interactive !== null && !OTHER_PASSWORD.test(interactive[2] ?? ''))
    return { kind: 'password', login: interactive[1] };
  return { kind: 'other' };
}

/** A password that is to be made, or one that lives once. */
const OTHER_PASSWORD =
  /\b(?:new|old|current|re-?type|re-?enter|repeat|confirm|again|verify|change|expired|one[ -]?time|otp|token|second)\b/i;

/** `user@host` as a password prompt shows it: both parts are cut there. */
export function promptLogin(user: string, host: string): string {
  return `${user.slice(0, 30)}@${host.slice(0, 128)}`;
}

/** True when the prompt's path means this key: OpenSSH shows the first hundred bytes. */
export function isPromptOf(keyPath: string, shown: string): boolean {
  const bytes = Buffer.from(keyPath);
  return keyPath === shown || (bytes.length > 100 && bytes.subarray(0, 100).equals(Buffer.from(shown)));
}
