import type { Socket } from 'node:net';
import type { ByteSource } from '../myproxy/index.ts';

/** The bytes of a socket, pulled: what the reader does not ask for stays in the kernel, and so with the sender. */
export function socketSource(socket: Socket): ByteSource {
  let failure: Error | undefined;
  let isOver = false;
  let wake: (() => void) | undefined;
  const stir = (): void => {
    wake?.();
    wake = undefined;
  };
  socket.on('readable', stir);
  socket.once('end', () => {
    isOver = true;
    stir();
  });
  socket.once('error', (error) => {
    failure = error;
    stir();
  });
  socket.once('close', () => {
    isOver = true;
    stir();
  });
  return {
    read: async () => {
      for (;;) {
        const chunk: Buffer | null = socket.read();
        if (chunk !== null) return chunk;
        // A peer that resets instead of closing is gone all the same.
        if (failure !== undefined && !isReset(failure)) throw failure;
        if (isOver || failure !== undefined || socket.destroyed) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function isReset(error: Error & { readonly code?: string }): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
