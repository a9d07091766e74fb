import { type Finding, LatchkeyError, quote, Secret } from '../kit/index.ts';
import { isUserName, withoutDomain } from './name.ts';

const MAX_BYTES = 1 << 20;
const MAX_REQUESTS = 200;
const MAX_ATTRIBUTES = 100;

/** One login that credd asks for: an ad of a request file `<64 hex>`. Strings are as written there; absent ones are empty. */
export interface LoginRequest {
  readonly provider: string;
  /** Without domain. */
  readonly localUser: string;
  readonly handle: string;
  /** Raw: credd will compare the very same string with that of `.top`. */
  readonly scopes: string;
  /** Raw, as `scopes`. */
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The redirect URI to use, exactly. */
  readonly returnUrl: string;
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
}

/** What stood in a request file. */
export interface RequestFile {
  /** In the order of the file; all of the same user. */
  readonly requests: readonly LoginRequest[];
  readonly findings: readonly Finding[];
}

/**
 * Reads a request file: ClassAds in old syntax, one `Name = "value"` a line in any order, ads separated by empty lines.
 * A string runs to the last quote of its line, and only `\"` in it stands for something else: credd escapes nothing but quotes.
 *
 * A line that cannot be read, an attribute that comes twice, or ads of different users make the whole file unusable:
 * somebody may have smuggled a line end into a value.
 *
 * @param text at most 1 MiB, 200 ads
 * @throws LatchkeyError `credmon/file-malformed`; the message holds nothing of the values
 */
export function parseRequestFile(text: string): RequestFile {
  if (text.length > MAX_BYTES) throw malformed(`it has more than ${MAX_BYTES} characters`);
  const requests: LoginRequest[] = [];
  const findings: Finding[] = [];
  let ad = new Map<string, string>();
  const finish = (line: number): void => {
    if (ad.size === 0) return;
    if (requests.length === MAX_REQUESTS) throw malformed(`it has more than ${MAX_REQUESTS} ads`);
    requests.push(requestOf(ad, line));
    ad = new Map();
  };
  const lines = text.split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    const number = index + 1;
    if (line === '') finish(number);
    else if (!line.startsWith('#')) {
      const { name, value } = readAttribute(line, number);
      if (ad.has(name)) throw malformed(`line ${number}: ${quote(name)} comes twice in one ad`);
      if (ad.size === MAX_ATTRIBUTES)
        throw malformed(`line ${number}: an ad of more than ${MAX_ATTRIBUTES} attributes`);
      if (!KNOWN.has(name)) {
        const message = `the attribute ${quote(name, 40)} is not known here`;
        findings.push({ code: 'request/attribute-unknown', message, index: number });
      }
      ad.set(name, value);
    }
  }
  finish(lines.length);
  const [first] = requests;
  if (first === undefined) throw malformed('it has no ads');
  if (requests.some(({ localUser }) => localUser !== first.localUser))
    throw malformed('its ads are for different users');
  return { requests, findings };
}

const KNOWN: ReadonlySet<string> = new Set([
  'provider',
  'localuser',
  'handle',
  'scopes',
  'audience',
  'clientid',
  'clientsecret',
  'returnurl',
  'authorizationurl',
  'tokenurl',
]);

/** Names of attributes are compared without regard to case, as ClassAds do. What is no string (`undefined`, a number) counts as absent. */
function readAttribute(line: string, number: number): { name: string; value: string } {
  const match = /^([A-Za-z_][A-Za-z0-9_]{0,99})\s*=\s*(.*)$/.exec(line);
  const [, name = '', written = ''] = match ?? [];
  if (match === null) throw malformed(`line ${number}: expected Name = "value"`);
  if (!written.startsWith('"')) {
    if (/["\\]/.test(written)) throw malformed(`line ${number}: expected a string in double quotes`);
    return { name: name.toLowerCase(), value: '' };
  }
  if (written.length < 2 || !written.endsWith('"'))
    throw malformed(`line ${number}: the string does not end`);
  const inner = written.slice(1, -1);
  if (/(^|[^\\])"/.test(inner)) throw malformed(`line ${number}: a quote stands inside the string`);
  return { name: name.toLowerCase(), value: inner.replaceAll('\\"', '"') };
}

function requestOf(ad: ReadonlyMap<string, string>, line: number): LoginRequest {
  const text = (name: string): string => ad.get(name) ?? '';
  const localUser = withoutDomain(text('localuser'));
  if (!isUserName(localUser)) throw malformed(`the ad before line ${line} names no usable LocalUser`);
  if (text('provider') === '') throw malformed(`the ad before line ${line} names no Provider`);
  return {
    provider: text('provider'),
    localUser,
    handle: text('handle'),
    scopes: text('scopes'),
    audience: text('audience'),
    clientId: text('clientid'),
    clientSecret: new Secret(text('clientsecret')),
    returnUrl: text('returnurl'),
    authorizationUrl: text('authorizationurl'),
    tokenUrl: text('tokenurl'),
  };
}

function malformed(what: string): LatchkeyError {
  return new LatchkeyError('credmon/file-malformed', `a request file that cannot be used: ${what}`, {
    hint: 'submit again: credd then writes a new one',
  });
}
