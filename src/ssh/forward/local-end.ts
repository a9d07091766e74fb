import { lstat, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { ForwardEnd } from './spec.ts';

/** What is known of an end on this machine. */
export type LocalEnd = 'free' | 'taken' | 'forbidden';

/** Whether somebody here listens on an end, without connecting to it: a port by trying to take it, a socket by its file. */
export async function localListener(end: ForwardEnd): Promise<LocalEnd> {
  if ('socketPath' in end) {
    return lstat(end.socketPath).then(
      () => 'taken',
      () => 'free',
    );
  }
  const error = await listenOnce(end.port, end.host);
  if (typeof error === 'number') return 'free';
  return isErrno(error, 'EADDRINUSE') ? 'taken' : 'forbidden';
}

/** Takes away a socket file that nobody listens on any more, and says whether the path is free now. */
export async function removeStaleSocket(path: string): Promise<LocalEnd> {
  const status = await lstat(path).catch(() => undefined);
  if (status === undefined) return 'free';
  if (!status.isSocket() || (await answers({ socketPath: path })) === undefined) return 'taken';
  await rm(path, { force: true });
  return 'free';
}

/** A free port of an address here. */
export async function freeLocalPort(host: string | undefined): Promise<number> {
  const port = await listenOnce(0, host);
  if (typeof port !== 'number') throw port;
  return port;
}

/** Connects to an end here and lets go at once; why not, when it does not. */
export function answers(end: ForwardEnd): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, end.host ?? '127.0.0.1');
    const settle = (error: Error | undefined) => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(5000, () => settle(new Error('no answer within 5 s')));
    socket.once('connect', () => settle(undefined));
    socket.once('error', settle);
  });
}

/** Whether an end here closes a connection within a second without a word, as a forward does whose target is dead. */
export function hangsUpAtOnce(end: ForwardEnd): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, end.host ?? '127.0.0.1');
    let hasConnected = false;
    const settle = (isOver: boolean) => {
      socket.destroy();
      resolve(isOver);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once('connect', () => {
      hasConnected = true;
    });
    socket.once('data', () => settle(false));
    socket.once('error', () => settle(hasConnected));
    socket.once('close', () => settle(hasConnected));
  });
}

/** Speaks the first words of SOCKS 5 to a proxy here (RFC 1928 §3); why not, when it does not answer. */
export function answersSocks(end: ForwardEnd): Promise<Error | undefined> {
  return new Promise((resolve) => {
    if ('socketPath' in end) return resolve(new Error('a SOCKS proxy listens on a port'));
    const socket = connect(end.port, end.host ?? '127.0.0.1');
    const settle = (error: Error | undefined) => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(5000, () => settle(new Error('no answer within 5 s')));
    socket.once('connect', () => socket.write(Buffer.from([5, 1, 0])));
    socket.once('data', (answer: Buffer) => {
      settle(answer[0] === 5 && answer[1] === 0 ? undefined : new Error('it speaks no SOCKS 5'));
    });
    socket.once('error', settle);
    socket.once('close', () => settle(new Error('it hung up')));
  });
}

/** The port that could be listened on, or why not. */
function listenOnce(port: number, host = '127.0.0.1'): Promise<number | Error> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port));
    });
  });
}

function isErrno(error: Error, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
