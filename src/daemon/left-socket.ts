import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { LatchkeyError, quote } from '../kit/index.ts';

/**
 * Removes a socket that nobody answers on: a leftover of a crash. What is no socket stays.
 *
 * @param who whom an answer would come from, as messages say it
 * @throws LatchkeyError `daemon/already-running`
 */
export async function removeLeftSocket(path: string, who: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  if (await isAnswered(path))
    throw new LatchkeyError('daemon/already-running', `${who} answers on ${quote(path)} already`, {
      hint: 'end it first, or give this one a place of its own: two monitors need two state directories',
    });
  unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
