import type { CommandOption } from './command-spec.ts';

/** Which server, and how to know it. */
export const CONNECTION: readonly CommandOption[] = [
  {
    short: 's',
    long: 'server',
    value: 'HOST[:PORT],…',
    help: 'MyProxy servers, tried in order; default: the .latchkey state here, else MYPROXY_SERVER',
  },
  {
    short: 'p',
    long: 'port',
    value: 'PORT',
    help: 'port of servers given without one; default MYPROXY_SERVER_PORT, else 7512',
  },
  {
    long: 'server-dn',
    value: 'DN',
    help: 'the exact name the server must have, instead of one that fits its host',
  },
  {
    long: 'trust',
    value: 'DIR',
    help: "trust directory; default: the state's, else X509_CERT_DIR, ~/.globus/certificates, /etc/grid-security/certificates",
    completes: 'directory',
  },
];

/** Whose credential. */
export const ACCOUNT: readonly CommandOption[] = [
  {
    short: 'l',
    long: 'username',
    value: 'NAME',
    help: 'account on the server; default: the only user of the state here, else LOGNAME',
    completes: 'user',
  },
  { short: 'd', long: 'dn-as-username', help: "the account is named by your own certificate's subject" },
  {
    short: 'k',
    long: 'credential',
    value: 'NAME',
    help: 'one of several credentials of the account; default: the unnamed one',
  },
];

/** Where pass phrases come from when no person is there; never the command line. */
export const PASS_PHRASE: readonly CommandOption[] = [
  {
    long: 'pass-phrase-stdin',
    help: 'read pass phrases from standard input, one a line, in the order they would be asked for',
  },
  {
    long: 'pass-phrase-file',
    value: 'FILE',
    help: 'read the MyProxy pass phrase from the first line of a file only you can read',
    completes: 'file',
  },
];

/** Whom to be on the connection. */
export const IDENTITY: readonly CommandOption[] = [
  {
    long: 'cert',
    value: 'FILE',
    help: "your certificate, or a proxy; default: the state's user, else the usual search",
    completes: 'file',
  },
  { long: 'key', value: 'FILE', help: 'its key; default: the same file', completes: 'file' },
  {
    long: 'key-pass-phrase-file',
    value: 'FILE',
    help: 'the pass phrase of that key, in the first line of a file only you can read',
    completes: 'file',
  },
];

/** Who may do what with what is stored. */
export const POLICIES: readonly CommandOption[] = [
  {
    short: 'x',
    long: 'expressions',
    help: 'read the names below as expressions over whole DNs; default: as common names',
  },
  { short: 'a', long: 'anyone-retrieves', help: 'everybody who knows the pass phrase may retrieve' },
  { short: 'r', long: 'retrievable-by', value: 'NAME', help: 'who may retrieve with the pass phrase' },
  { short: 'A', long: 'anyone-renews', help: 'everybody may renew (not recommended)' },
  { short: 'R', long: 'renewable-by', value: 'NAME', help: 'who may renew without the pass phrase' },
  { short: 'Z', long: 'trusted-by', value: 'NAME', help: 'who may retrieve without the pass phrase' },
];

/** Every command takes these. */
export const GLOBAL_OPTIONS: readonly CommandOption[] = [
  {
    long: 'state',
    value: 'DIR',
    help: 'state directory; default LATCHKEY_STATE, else .latchkey here',
    completes: 'directory',
  },
  { long: 'json', help: 'one JSON document on standard output; errors as JSON on standard error' },
  { short: 'q', long: 'quiet', help: 'say nothing on the way' },
  { short: 'h', long: 'help', help: 'this text' },
];

export const LIFETIME_HELP = '12h, 7d, 90m; max = as long as allowed';

export const STORAGE: CommandOption = {
  long: 'storage',
  value: 'DIR',
  help: 'storage directory, instead of the configured one',
  completes: 'directory',
};
