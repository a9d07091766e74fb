import { writeSync } from 'node:fs';

/**
 * Writes to a file descriptor at once and whole, without starting Node's stream machinery (which costs a tool milliseconds).
 * A reader that went away is no error, as for every tool in a pipe.
 */
export function writeDescriptor(descriptor: number, data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
