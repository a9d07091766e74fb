import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatUse } from '../../src/credmon/index.ts';
import { type generateSigningKey, issueToken, makeSigningKey } from '../../src/tokens/index.ts';

/** Users and their requests, as credd would have left them. */
export interface Population {
  readonly directory: string;
  readonly users: number;
  readonly providers: readonly string[];
}

/** Makes the credential directory with `.top` files only. */
export function makeRequests({ directory, users, providers }: Population): void {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o2770);
  for (let n = 0; n < users; n += 1) {
    const user = userName(n);
    mkdirSync(join(directory, user), { mode: 0o700, recursive: true });
    for (const provider of providers)
      writeFileSync(join(directory, user, `${provider}.top`), `${user}@foo`, { mode: 0o600 });
  }
}

/**
 * Writes every `.use`, with tokens as old as they are on a machine that has run for long, where a token is renewed at
 * `oldestSeconds` at the latest.
 */
export async function makeTokens(
  { directory, users, providers }: Population,
  { lifetimeSeconds, oldestSeconds, privateKey }: TokenAges,
): Promise<void> {
  const key = makeSigningKey(privateKey, 'local');
  const total = users * providers.length;
  let made = 0;
  for (let n = 0; n < users; n += 1) {
    const user = userName(n);
    for (const provider of providers) {
      // A renewal comes up to a tenth earlier than its latest time; the age is any part of that.
      const life = oldestSeconds * (1 - 0.1 * (((made * 104_729) % total) / total));
      const age = (life * ((made * 7919) % total)) / total;
      const { token } = issueToken(
        {
          profile: 'scitokens:2.0',
          issuer: 'https://ap.example',
          subject: user,
          audience: ['https://data.example'],
          scope: `read:/user/${user} write:/user/${user}`,
          lifetimeSeconds,
        },
        key,
        new Date(Date.now() - age * 1000),
      );
      const path = join(directory, user, `${provider}.use`);
      writeFileSync(path, formatUse({ accessToken: token, expiresIn: lifetimeSeconds }, 'json').reveal(), {
        mode: 0o400,
      });
      made += 1;
    }
  }
}

interface TokenAges {
  readonly lifetimeSeconds: number;
  readonly oldestSeconds: number;
  readonly privateKey: Awaited<ReturnType<typeof generateSigningKey>>;
}

export function userName(n: number): string {
  return `user${String(n).padStart(5, '0')}`;
}
