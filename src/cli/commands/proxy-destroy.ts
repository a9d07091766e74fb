import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { defaultProxyPath } from '../../x509/index.ts';
import type { Command } from './command.ts';

/** A file that is larger is no proxy. */
const MAX_BYTES = 1 << 20;

/** `latchkey proxy destroy [FILE]`: overwrites and removes a proxy of this machine; it is no error when there is none. */
export const proxyDestroy: Command = async ({ given, context }) => {
  const file = given.arguments[0] ?? defaultProxyPath({ ...context.env }, context.uid);
  const existed = await erase(file);
  return {
    json: { file, destroyed: existed },
    lines: [existed ? `${file} is gone` : `there was no proxy at ${file}`],
  };
};

async function erase(file: string): Promise<boolean> {
  try {
    const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      const status = await handle.stat();
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
      // Never somebody's thesis: only what holds a certificate is removed.
      if (!status.isFile() || !buffer.subarray(0, bytesRead).includes('-----BEGIN ')) {
        throw new LatchkeyError('file/unsafe', `${quote(file)} is no proxy file`);
      }
      await handle.write(Buffer.alloc(bytesRead), 0, bytesRead, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await unlink(file);
    return true;
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('file/io', `cannot remove ${quote(file)}: ${why}`, { cause });
  }
}
