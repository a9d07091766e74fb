import { dangerouslyDecodeToken } from '../../tokens/index.ts';
import type { Command } from './command.ts';
import { factLines, validityText } from './facts.ts';
import { tokenOf } from './token-input.ts';

/** `latchkey token show [FILE]`: decodes, and says that nothing of it is verified. */
export const tokenShow: Command = async (invocation) => {
  const { token, origin } = await tokenOf(invocation);
  const { header, claims } = dangerouslyDecodeToken(token);
  const now = invocation.context.now();
  const times = [claims.nbf ?? claims.iat, claims.exp].map((value) =>
    typeof value === 'number' && Math.abs(value) < 1e11 ? new Date(value * 1000) : undefined,
  );
  const [start, end] = times;
  const rows = [...Object.entries(header), ...Object.entries(claims)].map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return {
    json: { origin, verified: false, header, claims },
    lines: [
      `${origin}: what it says of itself; nothing of it is verified`,
      ...factLines([...rows, ['left', start && end ? validityText(start, end, now) : undefined]]),
    ],
  };
};
