// What goes through a forward while it is measured: a target that speaks first, one byte of it, and a lot.
import { connect, createServer } from 'node:net';
import type { ForwardEnd } from '../../src/ssh/index.ts';

/** What one measurement of throughput moves. */
export const MIBS = 192;
const BLOCK = Buffer.alloc(1 << 16);

/** A server that says `!`, then swallows what it hears; or, when it hears `d`, sends the whole amount and hangs up. */
export async function source(): Promise<{ end: ForwardEnd; stop: () => void }> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.write('!');
    socket.once('data', (first) => {
      if (first[0] !== 0x64) return void socket.resume();
      let left = (MIBS << 20) / BLOCK.length;
      const more = () => {
        while (left > 0) {
          left -= 1;
          if (!socket.write(BLOCK)) return void socket.once('drain', more);
        }
        socket.end();
      };
      more();
    });
    socket.on('end', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    end: { port: address !== null && typeof address === 'object' ? address.port : 0 },
    stop: () => server.close(),
  };
}

/** Milliseconds until a new connection through an end says something. */
export function firstByte(end: ForwardEnd): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const socket = open(end);
    socket.once('error', reject);
    socket.once('data', () => {
      const time = performance.now() - begun;
      socket.destroy();
      resolve(time);
    });
  });
}

/** Megabytes a second, until the other side has all of it. */
export function throughput(end: ForwardEnd, direction: 'up' | 'down'): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = open(end);
    const begun = performance.now();
    socket.on('error', reject);
    socket.on('data', () => {});
    socket.on('close', () => resolve(((MIBS << 20) / 1e6 / (performance.now() - begun)) * 1000));
    if (direction === 'down') return void socket.write('d');
    socket.write('u');
    let left = (MIBS << 20) / BLOCK.length;
    const more = () => {
      while (left > 0) {
        left -= 1;
        if (!socket.write(BLOCK)) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  });
}

function open(end: ForwardEnd) {
  const socket = 'socketPath' in end ? connect(end.socketPath) : connect(end.port, '127.0.0.1');
  socket.setNoDelay(true);
  return socket;
}
