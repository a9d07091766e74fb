import { dangerouslyDecodeToken } from '../../tokens/index.ts';
import type { Command } from './command.ts';
import { factLines, validityText } from './facts.ts';
import { tokenOf } from './token-input.ts';

/** `latchkey token show [FILE]`: decodes, and says that nothing of it is verified. */
export const tokenShow: Command = async (invocation) => {
  const { token, origin } = await tokenOf(invocation);
  const { header, claims } = dangerouslyDecodeToken(token);
  const now = invocation.context.now();
  const [start, end] = [timeOf(claims.nbf ?? claims.iat), timeOf(claims.exp)];
  const rows = [...Object.entries(header), ...Object.entries(claims)].map(
    ([name, value]) => [name, textOf(name, value)] as const,
  );
  return {
    json: { origin, verified: false, header, claims },
    lines: [
      `${origin}: what it says of itself; nothing of it is verified`,
      ...factLines([...rows, ['left', start && end ? validityText(start, end, now) : undefined]]),
    ],
  };
};

const TIMES = new Set(['iat', 'nbf', 'exp', 'auth_time']);

function textOf(name: string, value: unknown): string {
  const time = TIMES.has(name) ? timeOf(value) : undefined;
  if (time !== undefined) return `${value}  ${time.toISOString().replace('.000Z', 'Z')}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function timeOf(seconds: unknown): Date | undefined {
  return typeof seconds === 'number' && Math.abs(seconds) < 1e11 ? new Date(seconds * 1000) : undefined;
}
