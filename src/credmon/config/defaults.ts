/** Upstream's defaults of a monitor, and ours for what it does not have. */
export const CREDMON_DEFAULTS = {
  name: 'CREDMON_OAUTH',
  localProvider: 'scitokens',
  privateKeyFile: '/etc/condor/scitokens-private.pem',
  publicKeyFile: '/etc/condor/scitokens.pem',
  keyAlgorithm: 'ES256',
  keyId: 'local',
  authzTemplate: 'read:/user/{username} write:/user/{username}',
  localLifetimeSeconds: 1_200,
  clientLifetimeSeconds: 3_600,
  version: 'scitoken:2.0',
  vaultMinimumSeconds: 2_400,
  pelicanMinimumSeconds: 1_200,
  vaultCaDirectory: '/etc/grid-security/certificates',
  sandboxRefreshSeconds: 300,
  scanSeconds: 60,
  maxParallelRequests: 8,
  requestTimeoutSeconds: 20,
  logBytes: 10 << 20,
  logFiles: 1,
} as const;

/** Ranges of numbers, in both ways of writing. */
export const RANGES = {
  lifetime: { least: 60, most: 10 * 366 * 86_400 },
  seconds: { least: 1, most: 366 * 86_400 },
  scan: { least: 1, most: 3_600 },
  parallel: { least: 1, most: 1_000 },
  timeout: { least: 1, most: 600 },
  logFiles: { least: 1, most: 1_000 },
} as const;

/** Endpoints that HTCondor has built in for services that people use. */
export const BUILT_IN_ENDPOINTS: Readonly<
  Record<string, { readonly authorizationUrl: string; readonly tokenUrl: string }>
> = {
  BOX: {
    authorizationUrl: 'https://account.box.com/api/oauth2/authorize',
    tokenUrl: 'https://api.box.com/oauth2/token',
  },
  GDRIVE: {
    authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://www.googleapis.com/oauth2/v4/token',
  },
  ONEDRIVE: {
    authorizationUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    tokenUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  },
  DROPBOX: {
    authorizationUrl: 'https://www.dropbox.com/oauth2/authorize',
    tokenUrl: 'https://api.dropboxapi.com/oauth2/token',
  },
};
