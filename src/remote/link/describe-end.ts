import type { ForwardEnd } from '../../ssh/index.ts';

/** For people: `127.0.0.1:3300`, or the path of a socket. */
export function describeEnd(end: ForwardEnd): string {
  if ('socketPath' in end) return end.socketPath;
  const host = end.host ?? '127.0.0.1';
  return `${host.includes(':') ? `[${host}]` : host}:${end.port}`;
}
