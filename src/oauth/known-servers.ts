/** A server that needs more than the standards say. */
export interface KnownServer {
  /** As HTCondor's configuration calls it. */
  readonly name: 'BOX' | 'GDRIVE' | 'ONEDRIVE' | 'DROPBOX';
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  /** Parameters of the authorization request without which there is no refresh token. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Share of a token's life after which it is renewed; default one half. */
  readonly renewAt?: number;
  /** Hosts that are this server. */
  readonly hosts: RegExp;
}

const SERVERS: readonly KnownServer[] = [
  {
    name: 'BOX',
    authorizationUrl: 'https://account.box.com/api/oauth2/authorize',
    tokenUrl: 'https://api.box.com/oauth2/token',
    parameters: {},
    // A refresh ends the token before it: jobs would lose theirs at half its life.
    renewAt: 0.95,
    hosts: /(^|\.)box\.com$/,
  },
  {
    name: 'GDRIVE',
    authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    parameters: { access_type: 'offline', prompt: 'consent' },
    hosts: /^(accounts\.google\.com|(www|oauth2)\.googleapis\.com)$/,
  },
  {
    name: 'ONEDRIVE',
    authorizationUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    tokenUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    parameters: {},
    hosts: /^login\.microsoftonline\.com$/,
  },
  {
    name: 'DROPBOX',
    authorizationUrl: 'https://www.dropbox.com/oauth2/authorize',
    tokenUrl: 'https://api.dropboxapi.com/oauth2/token',
    parameters: { token_access_type: 'offline' },
    hosts: /^(www\.dropbox\.com|api\.dropbox(api)?\.com)$/,
  },
];

/** The server behind an authorization or token URL, or of a name as HTCondor's configuration has it, if it is one of these. */
export function knownServer(urlOrName: string | undefined): KnownServer | undefined {
  if (urlOrName === undefined) return undefined;
  if (!URL.canParse(urlOrName)) return SERVERS.find(({ name }) => name === urlOrName.toUpperCase());
  const { hostname } = new URL(urlOrName);
  return SERVERS.find(({ hosts }) => hosts.test(hostname));
}
