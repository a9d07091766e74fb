import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Credential, Lease } from '../../keeper/index.ts';
import { LatchkeyError, type Secret } from '../../kit/index.ts';
import { type IssuedToken, issueToken, loadSigningKeys, type SigningKeys } from '../../tokens/index.ts';
import { authorizationOf } from '../authz-template.ts';
import type { LocalProvider } from '../settings.ts';
import { emptyUse } from '../stand-in.ts';
import { formatUse } from '../use-file.ts';
import { localTokenRequest } from './local-token-request.ts';
import type { CredmonSource } from './source-table.ts';

/** What a local issuer needs from around it. */
export interface LocalSurroundings {
  now(): Date;
  /** Something of a provider is doubtful and works for now. */
  warn(message: string): void;
  /** Writes the `.use` of a user who gets no token. */
  deliverEmpty(lease: Lease, bytes: Secret): void;
}

/** Files of keys and groups are looked at again after this time. */
const LOOK_AGAIN_MS = 1000;
const MAX_GROUP_MAP_BYTES = 64 << 20;

/** Tokens that this machine signs: one source for all users of a provider. */
export function createLocalSource(provider: LocalProvider, around: LocalSurroundings): CredmonSource {
  const keys = refreshed<SigningKeys>(provider.privateKeyFile, (path) =>
    loadSigningKeys(path, {
      keyId: provider.keyId,
      onOpenToOthers: (message) => around.warn(`${provider.name}: ${message}`),
    }),
  );
  const groupMap = refreshed<string>(provider.groupMapFile, readGroupMap);
  return {
    authority: 'local',
    isLocal: true,
    async obtain(lease): Promise<Credential> {
      const decision = authorizationOf(provider, lease.owner, await groupMap());
      if (decision.denied !== undefined) {
        // Upstream writes an empty token: credd waits for the file, and would wait for ever.
        around.deliverEmpty(lease, emptyUse(provider));
        throw new LatchkeyError('credmon/denied', decision.denied, {
          hint: 'an administrator can add the user to the group map; it is read again at the next try',
        });
      }
      const now = around.now();
      const signingKeys = await keys();
      if (signingKeys === undefined) throw new TypeError('a local provider has a key file');
      const request = localTokenRequest(provider, lease.owner, decision.scope);
      const issued = issueToken(request, signingKeys.signingKey(now), now);
      return credentialOf(provider, lease, decision.scope, issued);
    },
  };
}

function credentialOf(provider: LocalProvider, lease: Lease, scope: string, issued: IssuedToken): Credential {
  return {
    kind: 'token',
    subject: lease.owner,
    scope,
    id: issued.id,
    issuedAt: issued.issuedAt,
    expiresAt: issued.expiresAt,
    bytes: formatUse({ accessToken: issued.token, expiresIn: provider.lifetimeSeconds }, provider.format),
  };
}

/** A file's meaning, loaded again when the file has changed; looked at once a second at most. */
function refreshed<Value>(
  path: string | undefined,
  load: (path: string) => Promise<Value>,
): () => Promise<Value | undefined> {
  let loaded: { readonly value: Promise<Value>; readonly version: string } | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (path === undefined) return undefined;
    const now = performance.now();
    if (loaded === undefined || now - lookedAt > LOOK_AGAIN_MS) {
      lookedAt = now;
      const version = versionOf(path);
      if (loaded?.version !== version) loaded = { value: load(path), version };
    }
    try {
      return await loaded.value;
    } catch (error) {
      loaded = undefined;
      throw error;
    }
  };
}

function versionOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
}

async function readGroupMap(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_GROUP_MAP_BYTES) throw new Error('it is larger than 64 MiB');
    return bytes.toString('utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('config/invalid', `cannot read the group map "${path}": ${reason}`, {
      cause,
      hint: 'without it nobody’s groups are known: make it readable for the monitor',
    });
  }
}
