import { connect } from 'node:net';
import type { ForwardEnd } from '../../src/ssh/index.ts';

/** What an end says until it hangs up; nothing when it hangs up at once. */
export function connectOnce(end: ForwardEnd): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(heard);
      else reject(error);
    });
    socket.once('close', () => resolve(heard));
  });
}
