import type { Credential as Kept } from '../keeper/index.ts';
import { LatchkeyError, quote, Secret } from '../kit/index.ts';
import { dangerouslyDecodeToken, discoverToken, parseBearerToken, readBearerToken } from '../tokens/index.ts';
import type { Checked } from './entry.ts';
import { expandPath } from './expand-path.ts';
import { readPrivateText } from './private-file.ts';
import { resolveSecret, type SecretInput } from './secret-input.ts';
import type { Surroundings } from './surroundings.ts';

/** The attributes of Token contexts. */
export interface TokenAttributes {
  /** The token, or what gives one: a function is asked again for each that is needed. */
  readonly token?: SecretInput | undefined;
  readonly token_file?: string | undefined;
}

/**
 * Token: it is one, and it has not ended. Nothing is verified: that is for the service it is shown to. Without attributes it is the
 * one that WLCG bearer token discovery finds.
 *
 * @throws LatchkeyError `tokens/not-found`, `tokens/malformed`, `tokens/rejected` when it has ended, `file/unsafe`, `file/io`
 */
export async function checkToken(
  attributes: TokenAttributes,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const { token: input, token_file: file } = attributes;
  if (input !== undefined && file !== undefined) {
    throw new LatchkeyError(
      'session/context-invalid',
      'token and token_file are both given: which of them is meant?',
    );
  }
  let origin = file ?? 'token';
  let warnings: readonly string[] = [];
  const find = async (abort: AbortSignal | undefined): Promise<Secret> => {
    if (input !== undefined) {
      const text = (await resolveSecret(input, where, abort))?.revealText() ?? '';
      const token = parseBearerToken(text, 'token');
      if (token === undefined)
        throw new LatchkeyError('tokens/not-found', 'what was to give a token gave none');
      return token;
    }
    if (file !== undefined) {
      origin = expandPath(file, where);
      ({ warnings } = await readPrivateText(origin, 'token', where));
      return await readBearerToken(origin);
    }
    const found = await discoverToken({ env: where.env, uid: where.uid });
    origin = found.origin;
    return found.token;
  };
  const first = factsOf(await find(signal), where, origin);
  let { expiresAt } = first;
  // A literal one stays what it is; a file, a program or a function may give another one next time.
  const isLiteral = input instanceof Secret || (typeof input === 'object' && 'env' in input);
  return {
    material: {
      type: 'token',
      current: {
        isRenewable: typeof input === 'function' || (typeof input === 'object' && 'command' in input),
        expiresAt: () => expiresAt,
        read: async (abort) => {
          const now = isLiteral ? first : factsOf(await find(abort), where, origin);
          expiresAt = now.expiresAt;
          return now;
        },
      },
    },
    summary: summaryOf(first, origin),
    warnings,
  };
}

function factsOf(token: Secret, { clock, leastSecondsLeft }: Surroundings, origin: string): Kept {
  const text = token.revealText();
  const now = clock.now();
  // A token need not be a JWT; of one that is none nothing is known.
  const claims =
    text.split('.').length === 3 && text.startsWith('ey') ? dangerouslyDecodeToken(token).claims : {};
  const expiresAt = dateOf(claims.exp);
  if (expiresAt !== undefined && expiresAt.getTime() - now.getTime() < leastSecondsLeft * 1000) {
    const isOver = expiresAt <= now;
    const message = `the token of ${quote(origin)} ${isOver ? 'ended' : 'ends'} at ${expiresAt.toISOString()}`;
    throw new LatchkeyError('tokens/rejected', message, { hint: 'get a new one', details: { expiresAt } });
  }
  return {
    ...{ kind: 'token', expiresAt, issuedAt: dateOf(claims.iat) ?? now, bytes: new Secret(`${text}\n`) },
    subject: textOf(claims.sub),
    scope: textOf(claims.scope),
    id: textOf(claims.jti),
  };
}

function summaryOf({ subject, scope, expiresAt }: Kept, origin: string): string {
  return [
    origin,
    ...(subject === undefined ? [] : [`of ${quote(subject)}`]),
    ...(scope === undefined ? [] : [`for ${quote(scope)}`]),
    expiresAt === undefined ? 'with no known end' : `until ${expiresAt.toISOString()}`,
  ].join(' ');
}

function dateOf(claim: unknown): Date | undefined {
  return typeof claim === 'number' && Number.isFinite(claim) && Math.abs(claim) < 8.64e12
    ? new Date(claim * 1000)
    : undefined;
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined;
}
