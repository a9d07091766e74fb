import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from './pool.ts';
import { writeByRename } from './secure-file.ts';

/** What a token endpoint answered for one login. */
export interface LoginAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly scope?: string;
}

/**
 * Does what upstream's page does after all logins of a request file: `.use`, `.top`, `.meta` as condor 0400, then the
 * request file goes. Scopes are stored raw, so that credd finds them equal. The monitor is not told.
 */
export function storeLikeUpstream(
  pool: Pool,
  url: string,
  answer: (provider: string, handle: string) => LoginAnswer,
): void {
  const path = join(pool.directory, url.split('/').at(-1) ?? '');
  for (const of of readAds(path)) {
    const { refresh_token, scope, ...use } = answer(of('Provider'), of('Handle'));
    const stem = [of('Provider'), of('Handle')].filter((part) => part !== '').join('_');
    const write = (suffix: string, members: object): void => {
      const { isRoot, condorUid, condorGid } = pool.identities;
      const file = join(pool.directory, of('LocalUser'), `${stem}${suffix}`);
      const text = JSON.stringify(members);
      writeByRename(file, text, { mode: 0o400, uid: condorUid, gid: condorGid, isRoot }, '.new');
    };
    write('.use', {
      ...use,
      token_type: 'Bearer',
      expires_at: Date.now() / 1000 + use.expires_in,
      ...(scope === undefined ? {} : { scope: scope.split(' ') }),
    });
    write('.top', {
      refresh_token,
      ...(of('Scopes') === '' ? {} : { scopes: of('Scopes') }),
      ...(of('Audience') === '' ? {} : { audience: of('Audience') }),
    });
    write('.meta', {
      client_id: of('ClientId'),
      client_secret: of('ClientSecret').replaceAll('\\"', '"'),
      token_url: of('TokenUrl'),
      use_refresh_token: true,
    });
  }
  rmSync(path);
}

/** How an authorization server is reached, and somebody who logs in there. */
export interface LogIns {
  readonly send: typeof fetch;
  /** Opens the authorization URL as the user; gives the URL the browser is sent back to. */
  logIn(url: string, redirectUri: string): Promise<string>;
}

/** Goes through every login of a request file: the authorization code flow with the file's own values. */
export async function logInLikeUpstream(pool: Pool, url: string, { send, logIn }: LogIns): Promise<void> {
  const answers = new Map<string, LoginAnswer>();
  for (const of of readAds(join(pool.directory, url.split('/').at(-1) ?? ''))) {
    const verifier = randomBytes(32).toString('base64url');
    const authorization = new URL(of('AuthorizationUrl'));
    authorization.search = new URLSearchParams({
      response_type: 'code',
      client_id: of('ClientId'),
      redirect_uri: of('ReturnUrl'),
      scope: of('Scopes')
        .split(/[\s,]+/)
        .join(' '),
      state: randomBytes(8).toString('hex'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(of('Audience') === '' ? {} : { resource: of('Audience') }),
    }).toString();
    const back = new URL(await logIn(authorization.href, of('ReturnUrl')));
    const response = await send(of('TokenUrl'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: of('ReturnUrl'),
        client_id: of('ClientId'),
        client_secret: of('ClientSecret'),
        code_verifier: verifier,
      }),
    });
    if (!response.ok) throw new Error(`the login ended with HTTP ${response.status}`);
    answers.set(`${of('Provider')} ${of('Handle')}`, (await response.json()) as LoginAnswer);
  }
  storeLikeUpstream(pool, url, (provider, handle) => {
    const answer = answers.get(`${provider} ${handle}`);
    if (answer === undefined) throw new Error(`no login for ${provider} ${handle}`);
    return answer;
  });
}

/** The ads of a request file, each as a look-up of attributes. */
function readAds(path: string): ((name: string) => string)[] {
  return readFileSync(path, 'utf8')
    .split('\n\n')
    .map((ad) => (name) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(ad)?.[1] ?? '');
}
