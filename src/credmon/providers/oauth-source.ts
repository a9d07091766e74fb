import type { Credential, Lease } from '../../keeper/index.ts';
import { LatchkeyError, type Secret } from '../../kit/index.ts';
import type { OAuthClient } from '../../oauth/index.ts';
import { inUserDirectory } from '../directory-files.ts';
import { readHeld } from '../lease-held.ts';
import { type MetaFile, parseMeta } from '../meta-file.ts';
import type { OAuthProvider } from '../settings.ts';
import { parseTop } from '../top-file.ts';
import { parseUse } from '../use-file.ts';
import { authorityOf, clientRegistration } from './client-registration.ts';
import type { Remembered } from './remembered-secret.ts';
import type { CredmonSource, Request } from './source-table.ts';
import {
  commitRotation,
  openSealed,
  prepareRotation,
  readStoredToken,
  type StoredToken,
  type StoredTokenOptions,
} from './stored-token.ts';
import { tokenCredential } from './token-credential.ts';
import type { UnbrokenWork } from './unbroken-work.ts';
import { wordsOf } from './wish.ts';

const MAX_PURPOSE = 1_000;

/** What a source of this mode needs from around it. */
export interface OAuthSurroundings extends StoredTokenOptions {
  readonly requestTimeoutSeconds: number;
  now(): Date;
  /** For rotations: an answer that is lost may have had the only refresh token that works. */
  readonly unbroken: UnbrokenWork;
  /** Keeps a secret in memory for the day when its file is gone and its server is to be told. */
  remember(secret: Secret): Remembered;
  /** Something of a provider is doubtful and works for now. */
  warn(message: string): void;
}

/** Tokens by the refresh token that a login left in `.top`. */
export function createOAuthSource(
  provider: OAuthProvider,
  { user, stem, handle }: Request,
  around: OAuthSurroundings,
): CredmonSource {
  const first = peek(provider, around, user, stem);
  let last: Remembered | undefined = first.secret;
  const registration = (meta: MetaFile | undefined): Promise<OAuthClient> =>
    clientRegistration(provider, around.requestTimeoutSeconds, meta, (message) =>
      around.warn(`${provider.name}: ${message}`),
    );

  const refresh = async (stored: StoredToken): Promise<Credential> => {
    const { refreshToken } = stored;
    if (refreshToken === undefined || stored.meta?.useRefreshToken === false) {
      throw new LatchkeyError('oauth/invalid-grant', `the login of ${user}/${stem} left no refresh token`, {
        hint: 'log in again when the token has ended; the server must grant offline access for tokens that are renewed',
      });
    }
    const client = await registration(stored.meta);
    const { exchangeToken, refreshAccessToken } = await import('../../oauth/index.ts');
    const prepared = await prepareRotation(around, stored);
    try {
      const resource = wordsOf(stored.top.audience).filter((word) => URL.canParse(word));
      const response = await refreshAccessToken(
        client,
        refreshToken,
        resource.length === 0 ? {} : { resource },
      );
      const newest = response.refreshToken ?? refreshToken;
      last = around.remember(newest);
      if (!newest.equals(refreshToken)) await commitRotation(around, stored, prepared, newest);
      if (handle === undefined || !provider.exchangePerHandle)
        return tokenCredential(response, 'json', around.now());
      const narrow = await exchangeToken(client, { subjectToken: response.accessToken, ...wishOf(stored) });
      return tokenCredential(narrow, 'json', around.now());
    } finally {
      await prepared.close();
    }
  };

  /** Down-scopes the token of the plain login, which is renewed for itself. */
  const exchange = async (stored: StoredToken, signal: AbortSignal): Promise<Credential> => {
    const subjectToken = heldTokenOf(around, user, provider.name, around.now());
    const client = await registration(stored.meta);
    const { exchangeToken } = await import('../../oauth/index.ts');
    const response = await exchangeToken(client, { subjectToken, ...wishOf(stored), signal });
    return tokenCredential(response, 'json', around.now());
  };

  return {
    authority: authorityOf(provider) ?? provider.name,
    isLocal: false,
    purpose: first.purpose,
    async obtain(lease: Lease, signal: AbortSignal): Promise<Credential> {
      if (handle !== undefined && provider.exchangePerHandle) {
        const stored = await readStoredToken(around, user, stem);
        if (stored.refreshToken === undefined) return await exchange(stored, signal);
      }
      // Nobody's signal cuts this off.
      return await around.unbroken.run(lease.id, async () =>
        refresh(await readStoredToken(around, user, stem)),
      );
    },
    async revoke(signal) {
      if (last === undefined) return false;
      const { revokeToken } = await import('../../oauth/index.ts');
      const client = await registration(first.meta);
      return await revokeToken(client, last.recall(), { kind: 'refresh_token', signal });
    },
  };
}

interface Peek {
  readonly purpose: string | undefined;
  /** For the day when the file is gone. */
  readonly secret: Remembered | undefined;
  readonly meta: MetaFile | undefined;
}

/** What a login is for; with a server that is told of ends, its secret too. What is wrong with the files shows when they are used. */
function peek(provider: OAuthProvider, around: OAuthSurroundings, user: string, stem: string): Peek {
  const files = inUserDirectory(around.directory, user, (opened) => ({
    top: opened.read(`${stem}.top`),
    meta: provider.clientSecretFile === undefined ? opened.read(`${stem}.meta`) : undefined,
  }));
  const top = files?.top === undefined ? undefined : parseTop(files.top.bytes.toString('utf8'));
  if (top?.kind !== 'json') return { purpose: undefined, secret: undefined, meta: undefined };
  const isTold = provider.revocationUrl !== undefined || provider.issuer !== undefined;
  const words = [...wordsOf(top.scopes), ...wordsOf(top.audience).map((one) => `at ${one}`)];
  return {
    purpose: words.length === 0 ? undefined : cut(words.join(' ')),
    secret: isTold ? rememberSealed(top.refreshToken, around, user, stem) : undefined,
    meta: files?.meta === undefined ? undefined : parseMeta(files.meta.bytes.toString('utf8')),
  };
}

/** Kept in memory for each lease, and its owner wrote it. */
function cut(text: string): string {
  return text.length > MAX_PURPOSE ? `${text.slice(0, MAX_PURPOSE)}…` : text;
}

function rememberSealed(
  text: Secret | undefined,
  around: OAuthSurroundings,
  user: string,
  stem: string,
): Remembered | undefined {
  if (text === undefined || text.isEmpty) return undefined;
  try {
    return around.remember(openSealed(text, around, user, stem));
  } catch {
    return undefined;
  }
}

function wishOf({ top }: StoredToken): {
  scope: string;
  resource: readonly string[];
  audience: readonly string[];
} {
  const audience = wordsOf(top.audience);
  return {
    scope: wordsOf(top.scopes).join(' '),
    resource: audience.filter((word) => URL.canParse(word)),
    audience: audience.filter((word) => !URL.canParse(word)),
  };
}

/** The token that the plain login's `.use` has now. */
function heldTokenOf(around: OAuthSurroundings, user: string, stem: string, now: Date): Secret {
  const file = inUserDirectory(around.directory, user, (opened) => opened.read(`${stem}.use`));
  const held = file === undefined ? undefined : readHeld(file);
  const use = file === undefined ? undefined : parseUse(file.bytes.toString('utf8'));
  if (use === undefined || held === undefined || (held.expiresAt !== undefined && held.expiresAt <= now)) {
    throw new LatchkeyError('credmon/not-found', `there is no token of ${user}/${stem} to exchange`, {
      retryable: true,
      hint: `log in for ${stem} without a handle first`,
    });
  }
  return use.accessToken;
}
