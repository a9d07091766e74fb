/** A server that needs more than the standards say. */
interface KnownServer {
  readonly hosts: RegExp;
  /** Parameters of the authorization request without which there is no refresh token. */
  readonly parameters: Readonly<Record<string, string>>;
}

const SERVERS: readonly KnownServer[] = [
  // Google: consent given before yields no new refresh token unless it is asked for again.
  { hosts: /^accounts\.google\.com$/, parameters: { access_type: 'offline', prompt: 'consent' } },
  { hosts: /^www\.dropbox\.com$/, parameters: { token_access_type: 'offline' } },
];

/** What the server behind an authorization URL wants besides the protocol's own parameters. */
export function parametersWantedBy(authorizationUrl: string): Readonly<Record<string, string>> {
  if (!URL.canParse(authorizationUrl)) return {};
  const { hostname } = new URL(authorizationUrl);
  return SERVERS.find(({ hosts }) => hosts.test(hostname))?.parameters ?? {};
}
