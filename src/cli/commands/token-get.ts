import { LatchkeyError } from '../../kit/index.ts';
import {
  dangerouslyDecodeToken,
  discoverToken,
  type FoundToken,
  writeBearerToken,
} from '../../tokens/index.ts';
import type { Command } from './command.ts';
import { formatSpan } from './lifetime.ts';

/** `latchkey token get`: the token that bearer token discovery finds. */
export const tokenGet: Command = async ({ given, context, json }) => {
  const found = await discoverToken({ env: context.env, uid: context.uid });
  const expires = expiryOf(found);
  const wanted = given.lifetime('valid-for');
  const now = context.now().getTime() / 1000;
  if (wanted !== undefined && expires !== undefined && expires - now < Math.max(1, wanted)) {
    const left = expires > now ? `lasts ${formatSpan(Math.floor(expires - now))} only` : 'has expired';
    throw new LatchkeyError('tokens/not-found', `the token of ${found.origin} ${left}`);
  }
  const out = given.text('out');
  const facts = {
    origin: found.origin,
    expiresAt: expires === undefined ? null : new Date(expires * 1000).toISOString(),
  };
  if (out !== undefined && out !== '-') {
    await writeBearerToken(found.token, out);
    return { json: { ...facts, file: out }, lines: [`the token of ${found.origin} is in ${out}`] };
  }
  if (json) return { json: facts, lines: [] };
  return { json: undefined, lines: [], raw: Buffer.concat([found.token.reveal(), Buffer.from('\n')]) };
};

/** Seconds; `undefined` when it is no JWT, or says nothing. */
function expiryOf({ token }: FoundToken): number | undefined {
  try {
    const { exp } = dangerouslyDecodeToken(token).claims;
    return typeof exp === 'number' && exp > 0 && exp < 1e11 ? exp : undefined;
  } catch {
    return undefined;
  }
}
