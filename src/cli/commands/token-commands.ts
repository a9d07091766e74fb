import type { CommandOption, CommandSpec } from './command-spec.ts';

const TOKENS = 'Tokens';

const TOKEN_FILE = {
  name: 'FILE',
  required: false,
  help: 'file with the token, - for standard input; default: bearer token discovery',
  completes: 'file',
} as const;

const CA: CommandOption = {
  long: 'ca',
  value: 'FILE',
  help: "PEM certificates trusted besides the machine's",
  completes: 'file',
};

/** Whom a verification trusts. */
const TRUST: readonly CommandOption[] = [
  { long: 'issuer', value: 'URL,…', help: 'issuers you trust, exactly as their tokens write them' },
  {
    long: 'audience',
    value: 'NAME,…',
    help: 'your own names; without it only tokens for everybody are good',
  },
  {
    long: 'jwks',
    value: 'FILE',
    help: "the issuer's keys: a JWK set, or one public key in PEM; default: asked from the issuer",
    completes: 'file',
  },
  CA,
  { long: 'skew', value: 'SPAN', help: 'how far clocks may differ; default 60s' },
];

const OUT: CommandOption = {
  short: 'o',
  long: 'out',
  value: 'FILE',
  help: 'write the token there (0600) instead of to standard output',
  completes: 'file',
};

const KEY_PATH = {
  name: 'PATH',
  help: 'key ring directory, or one private key in PEM',
  completes: 'file',
} as const;

const ALGORITHM: CommandOption = {
  long: 'algorithm',
  value: 'NAME',
  help: 'ES256 (default), RS256, or EdDSA, which few verifiers know',
  completes: ['ES256', 'RS256', 'EdDSA'],
};

const KEY_ID: CommandOption = {
  long: 'key-id',
  value: 'KID',
  help: 'name of the key in tokens; default its thumbprint',
};

/** `latchkey token …` and `latchkey key …`. Data only, as every table of commands. */
export const TOKEN_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['token', 'issue'],
    group: TOKENS,
    summary: 'sign a SciToken or WLCG token with a key of your own',
    options: [
      { short: 'k', long: 'key', value: 'PATH', help: KEY_PATH.help, completes: 'file' },
      KEY_ID,
      { long: 'issuer', value: 'URL', help: 'who you are: https, where the keys are published' },
      { long: 'subject', value: 'NAME', help: 'whom the token speaks for' },
      { long: 'audience', value: 'NAME,…', help: 'the services it is for' },
      { long: 'scope', value: 'TEXT', help: 'what it allows: "read:/user/jane write:/user/jane"' },
      { long: 'group', value: 'NAME,…', help: 'groups (WLCG): /cms,/cms/uscms' },
      {
        long: 'profile',
        value: 'NAME',
        help: 'scitokens:2.0 (default), scitokens:1.0 or wlcg:1.0',
        completes: ['scitokens:2.0', 'scitokens:1.0', 'wlcg:1.0'],
      },
      { short: 't', long: 'lifetime', value: 'SPAN', help: 'default 20m' },
      OUT,
      { long: 'save', help: 'write it where programs look for it: BEARER_TOKEN_FILE, else bt_u<uid>' },
    ],
    examples: [
      'latchkey token issue -k ring --issuer https://tokens.example --subject jane --audience https://data.example --scope read:/user/jane',
    ],
    load: async () => (await import('./token-issue.ts')).tokenIssue,
  },
  {
    path: ['token', 'get'],
    group: TOKENS,
    summary: 'find the token that programs would use here, and print it',
    options: [OUT, { long: 'valid-for', value: 'SPAN', help: 'exit with 5 unless it lasts that long' }],
    details:
      'Looks at BEARER_TOKEN, the file of BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR/bt_u<uid> and /tmp/bt_u<uid>, as the WLCG bearer token discovery says.',
    load: async () => (await import('./token-get.ts')).tokenGet,
  },
  {
    path: ['token', 'show'],
    group: TOKENS,
    summary: 'what a token says of itself, without believing it',
    arguments: [TOKEN_FILE],
    options: [],
    load: async () => (await import('./token-show.ts')).tokenShow,
  },
  {
    path: ['token', 'verify'],
    group: TOKENS,
    summary: 'would a service accept this token, and if not, why',
    arguments: [TOKEN_FILE],
    options: [
      ...TRUST,
      {
        long: 'allow',
        value: 'WHAT',
        help: 'it must also allow this: read:/user/jane/f, create:/…, modify:/…, compute.create',
      },
    ],
    details: 'Exit code 3 when it is refused. Every reason is said, not the first one only.',
    examples: [
      'latchkey token verify job.token --issuer https://tokens.example --audience https://data.example',
    ],
    load: async () => (await import('./token-verify.ts')).tokenVerify,
  },
  {
    path: ['token', 'list-access'],
    group: TOKENS,
    summary: 'what a good token lets its bearer do',
    arguments: [TOKEN_FILE],
    options: TRUST,
    load: async () => (await import('./token-list-access.ts')).tokenListAccess,
  },
  {
    path: ['token', 'revoke'],
    group: TOKENS,
    summary: 'tell the authorization server that a token shall not be used any more',
    arguments: [TOKEN_FILE],
    options: [
      {
        long: 'issuer',
        value: 'URL',
        help: 'the server; default: the one the token names, if no secret goes there',
      },
      { long: 'client-id', value: 'ID', help: 'the client the token was given to' },
      {
        long: 'client-secret-file',
        value: 'FILE',
        help: 'its secret, in the first line of a file only you can read',
        completes: 'file',
      },
      { long: 'refresh-token', help: 'it is a refresh token: its whole grant ends' },
      CA,
    ],
    details:
      'RFC 7009. A token that a key alone has signed (latchkey token issue) is good until it expires: nobody can call it back.',
    load: async () => (await import('./token-revoke.ts')).tokenRevoke,
  },
  {
    path: ['key', 'create'],
    group: TOKENS,
    summary: 'make a key ring to sign tokens with, or a single pair of key files as HTCondor has it',
    arguments: [
      { name: 'PATH', help: 'directory of the ring; with --public the private key file', completes: 'file' },
    ],
    options: [
      ALGORITHM,
      KEY_ID,
      {
        long: 'public',
        value: 'FILE',
        help: 'no ring: the private key in PATH, the public one here',
        completes: 'file',
      },
      {
        long: 'ahead',
        value: 'SPAN',
        help: 'how long later keys of the ring are published before they sign; default 2d',
      },
      { long: 'keep', value: 'SPAN', help: 'how long they stay published afterwards; default 2d' },
    ],
    examples: [
      'latchkey key create /etc/latchkey/keys',
      'latchkey key create /etc/condor/scitokens-private.pem --public /etc/condor/scitokens.pem',
    ],
    load: async () => (await import('./key-create.ts')).keyCreate,
  },
  {
    path: ['key', 'rotate'],
    group: TOKENS,
    summary: 'add a key to a ring: published now, signing when verifiers have seen it',
    arguments: [{ name: 'DIR', help: 'directory of the ring', completes: 'directory' }],
    options: [
      { ...ALGORITHM, help: `${ALGORITHM.help}; default as now` },
      KEY_ID,
      {
        long: 'at-once',
        help: 'it signs now, because the old one was stolen or lost; some verifiers refuse its tokens for a while',
      },
    ],
    details:
      'Keys that are past their time are removed. Publish the keys again after it, unless latchkey serves them.',
    load: async () => (await import('./key-rotate.ts')).keyRotate,
  },
  {
    path: ['key', 'publish'],
    group: TOKENS,
    summary: "write an issuer's public documents as files for any web server",
    arguments: [KEY_PATH],
    options: [
      { long: 'issuer', value: 'URL', help: 'as the tokens write it' },
      KEY_ID,
      {
        short: 'o',
        long: 'out',
        value: 'DIR',
        help: "root directory of the issuer's web server; without it they are only shown",
        completes: 'directory',
      },
      { long: 'check', help: 'ask the issuer over https: would a verifier accept its tokens now?' },
      CA,
    ],
    load: async () => (await import('./key-publish.ts')).keyPublish,
  },
];
