import { rotateKeyRing, TOKEN_ALGORITHMS } from '../../tokens/index.ts';
import type { Command } from './command.ts';
import { keyLines, keysJson } from './key-facts.ts';
import { oneOf } from './token-input.ts';

/** `latchkey key rotate DIR` */
export const keyRotate: Command = async (invocation) => {
  const { given, context } = invocation;
  const now = context.now();
  const ring = await rotateKeyRing(given.argument(0), now, {
    algorithm: oneOf(invocation, 'algorithm', TOKEN_ALGORITHMS),
    keyId: given.text('key-id'),
    isAtOnce: given.flag('at-once'),
  });
  return { json: keysJson(ring, now), lines: keyLines(ring, now) };
};
