import {
  type CredmonSettings,
  inUserDirectory,
  isUserName,
  type LoginRequest,
  parseMeta,
  parseTop,
  readLeaseId,
  readStem,
} from '../../credmon/index.ts';
import { Secret } from '../../kit/index.ts';

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
  const files = inUserDirectory({ path: settings.directory }, named.user, (opened) => ({
    top: opened.read(`${named.stem}.top`),
    meta: opened.read(`${named.stem}.meta`),
  }));
  if (files?.top === undefined) return undefined;
  const top = parseTop(files.top.bytes.toString('utf8'));
  const meta = files.meta === undefined ? undefined : parseMeta(files.meta.bytes.toString('utf8'));
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
