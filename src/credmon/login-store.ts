import { LatchkeyError, quote, Secret } from '../kit/index.ts';
import type { TokenResponse } from '../oauth/index.ts';
import type { CredentialDirectory } from './directory.ts';
import { prepareFile } from './directory-durable.ts';
import { inUserDirectory } from './directory-files.ts';
import { makeUserDirectory, ownerOf } from './directory-user.ts';
import { formatMeta } from './meta-file.ts';
import { isUserName } from './name.ts';
import { tokenUseFile } from './providers/token-use-file.ts';
import { formatTop } from './top-file.ts';

/** What a login was for, as credd's request file says it. Strings are kept as they are: credd compares them. */
export interface LoginFacts {
  /** `Scopes`, raw; empty = none asked. */
  readonly scopes: string;
  /** `Audience`, raw. */
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly tokenUrl: string;
}

/** Stores logins: what the web page and the device flow end with. */
export interface LoginStore {
  /**
   * Writes `.top`, `.use` and `.meta` of `<user>/<stem>`, the refresh token first and durably. The user's directory is
   * made when it is not there.
   *
   * @param stem `<provider>` or `<provider>_<handle>`
   * @throws LatchkeyError `credmon/name-invalid`, `file/io`
   */
  storeLogin(user: string, stem: string, response: TokenResponse, facts: LoginFacts): Promise<void>;
  /** Removes all of `<user>/<stem>`; true when there was something. The server is told by the caller. */
  removeLogin(user: string, stem: string): Promise<boolean>;
}

/** How a login store writes. */
export interface LoginStoreOptions {
  /** What is written as `refresh_token`; absent = the token itself. */
  readonly seal?: ((token: Secret, user: string, stem: string) => string) | undefined;
  /** Called before the files are written one after the other; what it gives back is called when all are there. */
  readonly begin?: ((user: string, stem: string) => () => void) | undefined;
}

/** Logins in a credential directory. */
export function createLoginStore(
  directory: CredentialDirectory,
  { seal, begin = () => () => {} }: LoginStoreOptions = {},
): LoginStore {
  return {
    storeLogin: async (user, stem, response, facts) => {
      checkNames(user, stem);
      const end = begin(user, stem);
      try {
        makeUserDirectory(directory, user);
        await writeTop(directory, user, stem, topOf(response, facts, user, stem, seal));
        const owner = ownerOf(directory);
        inUserDirectory(directory, user, (opened) => {
          opened.write(`${stem}.use`, tokenUseFile(response, 'json').reveal());
          opened.write(`${stem}.meta`, metaOf(response, facts).reveal(), { owner });
        });
      } finally {
        end();
      }
    },
    removeLogin: async (user, stem) => {
      checkNames(user, stem);
      const end = begin(user, stem);
      try {
        return (
          inUserDirectory(directory, user, (opened) => {
            // The request goes first: what is left without it is nobody's.
            const removed = ['top', 'use', 'meta'].map((suffix) => opened.remove(`${stem}.${suffix}`));
            return removed.includes(true);
          }) === true
        );
      } finally {
        end();
      }
    },
  };
}

async function writeTop(
  directory: CredentialDirectory,
  user: string,
  stem: string,
  contents: Secret,
): Promise<void> {
  const bytes = contents.reveal();
  const prepared = await prepareFile(directory, user, `${stem}.top`, bytes.length, {
    owner: ownerOf(directory),
  });
  try {
    await prepared.commit(bytes);
  } finally {
    await prepared.close();
  }
}

function topOf(
  { refreshToken }: TokenResponse,
  { scopes, audience }: LoginFacts,
  user: string,
  stem: string,
  seal: LoginStoreOptions['seal'],
): Secret {
  const written =
    refreshToken === undefined || seal === undefined
      ? refreshToken
      : new Secret(seal(refreshToken, user, stem));
  return formatTop({ refreshToken: written, scopes, audience });
}

function metaOf({ refreshToken }: TokenResponse, facts: LoginFacts): Secret {
  return formatMeta({
    clientId: facts.clientId,
    clientSecret: facts.clientSecret ?? new Secret(''),
    tokenUrl: facts.tokenUrl,
    useRefreshToken: refreshToken !== undefined,
  });
}

function checkNames(user: string, stem: string): void {
  for (const [what, name] of [
    ['user', user],
    ['credential', stem],
  ] as const) {
    if (isUserName(name)) continue;
    throw new LatchkeyError('credmon/name-invalid', `${quote(name)} is no name that a ${what} may have`);
  }
}
