import {
  clientRegistration,
  createLoginStore,
  formatStem,
  isUserName,
  type OAuthProvider,
  openCredentialDirectory,
} from '../../credmon/index.ts';
import {
  LatchkeyError,
  loadOrMakeServerKey,
  quote,
  type Secret,
  sealingKeys,
  sealText,
} from '../../kit/index.ts';
import { awaitDeviceLogin, beginDeviceLogin } from '../../oauth/index.ts';
import type { Command } from './command.ts';
import { type CredmonPlace, findCredmon, runningCredmonIfAny } from './credmon-place.ts';

/**
 * `latchkey credmon login PROVIDER --user USER`: a login with a device code (RFC 8628), for users who have no browser on
 * this host and where no page runs. Writes into the credential directory, so it is for whoever may.
 */
export const credmonLogin: Command = async (invocation) => {
  const { given, note } = invocation;
  const place = await findCredmon(invocation);
  const user = given.text('user') ?? '';
  if (!isUserName(user)) throw new LatchkeyError('cli/usage', 'for which local user? --user NAME says so');
  const provider = providerOf(place, given.argument(0));
  const stem = formatStem({ name: given.argument(0), handle: given.text('handle') });
  const scopes = given.text('scopes') ?? '';
  const audience = given.text('audience') ?? '';
  const { settings } = place;
  // Before anybody confirms anything: may we store it at all?
  const directory = await openCredentialDirectory(settings.directory);
  const client = await clientRegistration(provider, settings.requestTimeoutSeconds);
  const login = await beginDeviceLogin(client, {
    ...(scopes === '' ? {} : { scope: scopes.split(/[\s,]+/).join(' ') }),
    ...(audience === '' ? {} : { resource: [audience] }),
  });
  note(`Open ${login.completeUrl ?? login.verificationUrl} in any browser,`);
  note(`and confirm the code ${login.userCode} there as ${user}.`);
  const response = await awaitDeviceLogin(client, login);
  const { authentication } = client;
  await createLoginStore(directory, { seal: await sealFor(place) }).storeLogin(user, stem, response, {
    scopes,
    audience,
    clientId: client.clientId,
    clientSecret: 'secret' in authentication ? authentication.secret : undefined,
    tokenUrl: client.tokenUrl ?? '',
  });
  await (await runningCredmonIfAny(place))?.wake();
  const who = response.subject?.name ?? response.subject?.subject;
  return {
    json: {
      credential: `${user}/${stem}`,
      account: who ?? null,
      renewable: response.refreshToken !== undefined,
      expiresAt: response.expiresAt?.toISOString() ?? null,
    },
    lines: [
      `✔ ${user}/${stem} is stored${who === undefined ? '' : `, for the account ${who}`}`,
      ...(response.refreshToken === undefined
        ? [
            '  the server gave no refresh token: it cannot be renewed (most servers want the scope offline_access)',
          ]
        : []),
    ],
  };
};

function providerOf({ settings }: CredmonPlace, name: string): OAuthProvider {
  const provider = settings.providerOf(name);
  if (provider?.mode === 'oauth') return provider;
  throw new LatchkeyError(
    'credmon/provider-unknown',
    provider === undefined
      ? `no provider is configured for ${quote(name)}`
      : `nobody logs in at ${quote(name)}: its tokens come without users`,
    { hint: 'latchkey credmon config shows the providers' },
  );
}

async function sealFor({
  settings,
  state,
}: CredmonPlace): Promise<((token: Secret, user: string, stem: string) => string) | undefined> {
  if (!settings.sealRefreshTokens || state === undefined) return undefined;
  const keys = sealingKeys([await loadOrMakeServerKey(state.sealingKey)]);
  return (token, user, stem) => sealText(keys, token, [user, stem]);
}
