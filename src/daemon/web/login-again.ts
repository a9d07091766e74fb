import { join } from 'node:path';
import {
  type CredmonSettings,
  isUserName,
  type LoginRequest,
  parseMeta,
  parseTop,
  readLeaseId,
  readStem,
} from '../../credmon/index.ts';
import { Secret } from '../../kit/index.ts';
import { readBounded } from './read-bounded.ts';

/**
 * The request behind a credential that a user once logged in for, put together again from its files and the
 * configuration: same scopes and audience, so that credd finds what it compares. `undefined` = there is no such login.
 */
export async function requestToLogInAgain(
  settings: Pick<CredmonSettings, 'directory' | 'providerOf' | 'webPrefix' | 'allowSpecialNames'>,
  leaseId: string,
): Promise<LoginRequest | undefined> {
  const named = readLeaseId(leaseId);
  const stem = isUserName(named.user) ? readStem(named.stem, settings) : undefined;
  const provider = stem === undefined ? undefined : settings.providerOf(stem.name);
  if (stem === undefined || provider?.mode !== 'oauth') return undefined;
  const file = (kind: 'top' | 'meta') =>
    readBounded(join(settings.directory, named.user, `${named.stem}.${kind}`));
  const [topFile, metaFile] = await Promise.all([file('top'), file('meta')]);
  if (topFile === undefined) return undefined;
  const top = parseTop(topFile.text);
  const meta = metaFile === undefined ? undefined : parseMeta(metaFile.text);
  return {
    provider: stem.name,
    localUser: named.user,
    handle: stem.handle ?? '',
    scopes: top.kind === 'json' ? (top.scopes ?? '') : '',
    audience: top.kind === 'json' ? (top.audience ?? '') : '',
    clientId: provider.clientId,
    clientSecret: meta?.clientSecret ?? new Secret(''),
    returnUrl: `${settings.webPrefix}${provider.returnUrlSuffix}`,
    authorizationUrl: provider.authorizationUrl ?? '',
    tokenUrl: provider.tokenUrl ?? meta?.tokenUrl ?? '',
  };
}
