import { quote } from '../kit/index.ts';
import type { SshTarget } from './options.ts';

/** `user@host:port`, with the parts that are given. */
export function describeTarget(target: SshTarget): string {
  const host = target.host.includes(':') && target.port !== undefined ? `[${target.host}]` : target.host;
  const user = target.user === undefined ? '' : `${target.user}@`;
  return `${user}${host}${target.port === undefined ? '' : `:${target.port}`}`;
}

/**
 * Refuses what a command line, a configuration file or a shell behind them would take for something else.
 *
 * @throws TypeError
 */
export function checkTarget(target: SshTarget): void {
  const { host, port, user } = target;
  if (!/^[^-\s"'`$\\;&<>|(){}*?!#~,@][^\s"'`$\\;&<>|(){}*?!#~,@]*$/u.test(host) || hasControl(host)) {
    throw new TypeError(`${quote(host)} is no host name that OpenSSH can be given`);
  }
  if (user !== undefined && (!/^[^-\s"'`$;&<>|(){}][^\s"'`$;&<>|(){}]*$/u.test(user) || hasControl(user))) {
    throw new TypeError(`${quote(user)} is no login name that OpenSSH can be given`);
  }
  if (user?.endsWith('\\')) throw new TypeError(`a login name cannot end with a backslash: ${quote(user)}`);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
    throw new TypeError(`a port is 1 to 65535, not ${port}`);
  }
}

function hasControl(text: string): boolean {
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
