import { createPublicKey } from 'node:crypto';
import type { RejectionCode } from '../../src/tokens/index.ts';
import {
  AUDIENCE,
  forge,
  GOOD_HEADER,
  goodClaims,
  ISSUER,
  NOW_SECONDS,
  part,
  signers,
  type TestKeys,
} from './token-maker.ts';

/** A token that nobody may accept. */
export interface BadToken {
  /** Heading in the table. */
  readonly group: string;
  readonly what: string;
  /** Why it is refused; first finding. */
  readonly code: RejectionCode;
  readonly make: (keys: TestKeys) => string;
}

type Members = Readonly<Record<string, unknown>>;

/** Well signed with the issuer's key; only what is given is wrong. `undefined` takes a member away. */
function signed(claims: Members, header: Members = {}): BadToken['make'] {
  return (keys) =>
    forge({ ...GOOD_HEADER, ...header }, { ...goodClaims(), ...claims }, signers.es256(keys.ec));
}

function wlcg(claims: Members, header: Members = {}): BadToken['make'] {
  return signed({ ver: undefined, 'wlcg.ver': '1.0', scope: 'storage.read:/user/alice', ...claims }, header);
}

/** The claim set as text, for what `JSON.stringify` never writes. */
function signedText(edit: (json: string) => string): BadToken['make'] {
  return (keys) => forge(GOOD_HEADER, edit(JSON.stringify(goodClaims())), signers.es256(keys.ec));
}

function headerText(header: string): BadToken['make'] {
  return (keys) => forge(header, goodClaims(), signers.es256(keys.ec));
}

/** A good token, edited after it was signed. */
function edited(edit: (parts: [string, string, string]) => string): BadToken['make'] {
  return (keys) => {
    const [header = '', claims = '', signature = ''] = signed({})(keys).split('.');
    return edit([header, claims, signature]);
  };
}

const pemOf = (keys: TestKeys, name: 'ec' | 'rsa'): string =>
  createPublicKey(keys[name]).export({ type: 'spki', format: 'pem' }).toString();

/** A key of the attacker's, offered in the header. */
function offered(member: string, value: (keys: TestKeys) => unknown, kid: unknown = 'ec'): BadToken['make'] {
  return (keys) =>
    forge({ ...GOOD_HEADER, kid, [member]: value(keys) }, goodClaims(), signers.es256(keys.foreign));
}

const publicForeign = (keys: TestKeys): unknown => createPublicKey(keys.foreign).export({ format: 'jwk' });

const ALGORITHM = 'Algorithm';
const KEY = 'Key';
const SIGNATURE = 'Signature';
const FORM = 'Form';
const HEADER = 'Header';
const ISSUERS = 'Issuer';
const AUD = 'Audience';
const TIME = 'Time (skew allowed: 60 s)';
const PROFILE = 'Profile';
const SCOPE = 'Scope';

/** The published table: `docs/tokens.md` prints it, and every row is refused. */
export const BAD_TOKENS: readonly BadToken[] = [
  // biome-ignore format: a table
  ...([
    [ALGORITHM, '`none`, no signature', 'header/algorithm', (_k) => forge({ ...GOOD_HEADER, alg: 'none' }, goodClaims(), signers.fixed(Buffer.alloc(0)))],
    [ALGORITHM, '`None`, no signature', 'header/algorithm', (_k) => forge({ ...GOOD_HEADER, alg: 'None' }, goodClaims(), signers.fixed(Buffer.alloc(0)))],
    [ALGORITHM, '`none`, with the signature of a good token', 'header/algorithm', edited(([, claims, signature]) => `${part({ ...GOOD_HEADER, alg: 'none' })}.${claims}.${signature}`)],
    [ALGORITHM, '`HS256` with the public RSA key in PEM as the secret', 'header/algorithm', (k) => forge({ ...GOOD_HEADER, alg: 'HS256', kid: 'rsa' }, goodClaims(), signers.hmac(pemOf(k, 'rsa')))],
    [ALGORITHM, '`HS256` with the public EC key in PEM as the secret', 'header/algorithm', (k) => forge({ ...GOOD_HEADER, alg: 'HS256' }, goodClaims(), signers.hmac(pemOf(k, 'ec')))],
    [ALGORITHM, '`HS256` with an empty secret', 'header/algorithm', (_k) => forge({ ...GOOD_HEADER, alg: 'HS256' }, goodClaims(), signers.hmac(''))],
    [ALGORITHM, '`RS256` said, the key is for ES256', 'key/algorithm', (k) => forge({ ...GOOD_HEADER, alg: 'RS256' }, goodClaims(), signers.rs256(k.rsa))],
    [ALGORITHM, '`ES256` said, the key is RSA', 'key/algorithm', (k) => forge({ ...GOOD_HEADER, kid: 'rsa' }, goodClaims(), signers.rs256(k.rsa))],
    [ALGORITHM, '`EdDSA` said, the key is for ES256', 'key/algorithm', (k) => forge({ ...GOOD_HEADER, alg: 'EdDSA' }, goodClaims(), signers.eddsa(k.ed))],
    [ALGORITHM, '`RS384` with the right RSA key', 'header/algorithm', (k) => forge({ ...GOOD_HEADER, alg: 'RS384', kid: 'rsa' }, goodClaims(), signers.rs384(k.rsa))],
    [ALGORITHM, '`es256` in lower case', 'header/algorithm', signed({}, { alg: 'es256' })],
    [ALGORITHM, 'no `alg`', 'header/algorithm', signed({}, { alg: undefined })],
    [ALGORITHM, '`alg` is a list', 'header/algorithm', signed({}, { alg: ['ES256'] })],
    [ALGORITHM, '`alg` is `__proto__`', 'header/algorithm', signed({}, { alg: '__proto__' })],

    [KEY, 'signed by a stranger under our key id', 'signature', (k) => forge(GOOD_HEADER, goodClaims(), signers.es256(k.foreign))],
    [KEY, 'a key id nobody has', 'key/unknown', signed({}, { kid: 'other' })],
    [KEY, 'a key id that is a path (`../../../../dev/null`)', 'key/unknown', signed({}, { kid: '../../../../dev/null' })],
    [KEY, 'a key id with SQL in it', 'key/unknown', signed({}, { kid: "ec' OR '1'='1" })],
    [KEY, 'a key id with a NUL behind ours', 'key/unknown', signed({}, { kid: 'ec\0' })],
    [KEY, 'a key id in capitals', 'key/unknown', signed({}, { kid: 'EC' })],
    [KEY, 'no key id, and the issuer has several keys', 'key/id', signed({}, { kid: undefined })],
    [KEY, 'an empty key id', 'key/id', signed({}, { kid: '' })],
    [KEY, 'a key id that is a number', 'key/id', signed({}, { kid: 0 })],
    [KEY, 'a key id of 300 characters', 'key/id', signed({}, { kid: 'k'.repeat(300) })],
    [KEY, 'a key id that two published keys share', 'key/ambiguous', signed({}, { kid: 'twin' })],
    [KEY, '`jwk` in the header brings the key it was signed with', 'signature', offered('jwk', publicForeign)],
    [KEY, '… and a key id of its own', 'key/unknown', offered('jwk', publicForeign, 'mine')],
    [KEY, '`jku` names a set elsewhere', 'key/unknown', offered('jku', () => 'https://evil.example/jwks.json', 'mine')],
    [KEY, '`x5u` names a certificate elsewhere', 'signature', offered('x5u', () => 'https://evil.example/cert.pem')],
    [KEY, '`x5c` brings a certificate', 'signature', offered('x5c', () => ['MIIB'])],

    [SIGNATURE, 'empty', 'signature', edited(([header, claims]) => `${header}.${claims}.`)],
    [SIGNATURE, 'one bit changed', 'signature', edited(([header, claims, signature]) => `${header}.${claims}.${flip(signature)}`)],
    [SIGNATURE, 'in DER instead of r and s', 'signature', (k) => forge(GOOD_HEADER, goodClaims(), signers.der(k.ec))],
    [SIGNATURE, 'r and s are zero (CVE-2022-21449)', 'signature', (_k) => forge(GOOD_HEADER, goodClaims(), signers.fixed(Buffer.alloc(64)))],
    [SIGNATURE, 'r and s are the order of the curve', 'signature', (_k) => forge(GOOD_HEADER, goodClaims(), signers.fixed(Buffer.from(ORDER + ORDER, 'hex')))],
    [SIGNATURE, 'r and s with a zero byte before each', 'signature', edited(([header, claims, signature]) => `${header}.${claims}.${padded(signature)}`)],
    [SIGNATURE, 'of another good token', 'signature', (k) => `${signed({ sub: 'root' })(k).split('.').slice(0, 2).join('.')}.${signed({})(k).split('.')[2]}`],
    [SIGNATURE, 'claims changed after signing', 'signature', edited(([header, , signature]) => `${header}.${part({ ...goodClaims(), sub: 'root' })}.${signature}`)],

    [FORM, 'two parts', 'token/malformed', edited(([header, claims]) => `${header}.${claims}`)],
    [FORM, 'four parts', 'token/malformed', edited((parts) => `${parts.join('.')}.`)],
    [FORM, 'encrypted (five parts)', 'token/malformed', () => `${part({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
    [FORM, 'padded base64url', 'token/malformed', edited(([header, claims, signature]) => `${header}.${claims}.${signature}==`)],
    [FORM, 'the other base64 alphabet', 'token/malformed', edited(([header, claims, signature]) => `${header}.${claims}.${signature.slice(0, -2)}+/`)],
    [FORM, 'stray bits in the last character', 'token/malformed', edited(([header, claims, signature]) => `${header}.${claims}.${strayBits(signature)}`)],
    [FORM, 'a line end at its end', 'token/malformed', edited((parts) => `${parts.join('.')}\n`)],
    [FORM, 'a blank in it', 'token/malformed', edited((parts) => parts.join(' .'))],
    [FORM, 'JSON serialization instead of the compact one', 'token/malformed', edited(([header, claims, signature]) => JSON.stringify({ protected: header, payload: claims, signature }))],
    [FORM, 'longer than 16 384 bytes', 'token/too-large', signed({ padding: 'x'.repeat(13_000) })],
    [FORM, 'a megabyte', 'token/too-large', () => 'x'.repeat(1_048_576)],
    [FORM, 'a claim twice (`sub`)', 'token/malformed', signedText((json) => json.replace('{', '{"sub":"root",'))],
    [FORM, 'a claim twice, once escaped (`\\u0073ub`)', 'token/malformed', signedText((json) => json.replace('{', '{"\\u0073ub":"root",'))],
    [FORM, 'a member twice in an inner object', 'token/malformed', signedText((json) => json.replace('{', '{"x":{"y":1,"y":2},'))],
    [FORM, '`alg` twice', 'token/malformed', headerText('{"alg":"none","typ":"JWT","kid":"ec","alg":"ES256"}')],
    [FORM, 'claims nested 17 deep', 'token/malformed', signedText((json) => json.replace('{', `{"x":${'['.repeat(17)}${']'.repeat(17)},`))],
    [FORM, 'claims that are a list', 'token/malformed', (k) => forge(GOOD_HEADER, [goodClaims()], signers.es256(k.ec))],
    [FORM, 'claims that are no UTF-8', 'token/malformed', (k) => latin1Claims(k)],
    [FORM, 'claims behind a byte order mark', 'token/malformed', signedText((json) => `\ufeff${json}`)],
    [FORM, 'claims with something behind them', 'token/malformed', signedText((json) => `${json}{}`)],
    [FORM, 'a header that is no JSON', 'token/malformed', headerText('alg=ES256')],
    [FORM, 'nothing at all', 'token/malformed', () => ''],
    [FORM, 'two dots', 'token/malformed', () => '..'],

    [HEADER, '`crit` names an extension', 'header/critical', signed({}, { crit: ['exp'], exp: 1 })],
    [HEADER, '`crit` is empty', 'header/critical', signed({}, { crit: [] })],
    [HEADER, '`b64` false (RFC 7797)', 'header/critical', signed({}, { b64: false })],
    [HEADER, 'another type (`logout+jwt`)', 'header/type', signed({}, { typ: 'logout+jwt' })],
    [HEADER, 'another type (`dpop+jwt`)', 'header/type', signed({}, { typ: 'dpop+jwt' })],
    [HEADER, 'a type that is no text', 'header/type', signed({}, { typ: 1 })],
    [HEADER, 'a type that is a list', 'header/type', signed({}, { typ: ['JWT'] })],
    [HEADER, 'a token inside the token (`cty` JWT)', 'header/nested', (k) => forge({ ...GOOD_HEADER, cty: 'JWT' }, signed({})(k), signers.es256(k.ec))],

    [ISSUERS, 'another issuer, well signed', 'issuer', signed({ iss: 'https://other.example/iss' })],
    [ISSUERS, 'a slash at its end', 'issuer', signed({ iss: `${ISSUER}/` })],
    [ISSUERS, 'the host in capitals', 'issuer', signed({ iss: ISSUER.replace('issuer', 'ISSUER') })],
    [ISSUERS, 'http instead of https', 'issuer', signed({ iss: ISSUER.replace('https', 'http') })],
    [ISSUERS, 'the beginning of ours', 'issuer', signed({ iss: ISSUER.slice(0, -1) })],
    [ISSUERS, 'ours and more', 'issuer', signed({ iss: `${ISSUER}.evil.example` })],
    [ISSUERS, 'no `iss`', 'issuer', signed({ iss: undefined })],
    [ISSUERS, '`iss` is a list', 'issuer', signed({ iss: [ISSUER] })],

    [AUD, 'another one', 'audience', signed({ aud: ['https://other.example'] })],
    [AUD, 'ours with a slash at its end', 'audience', signed({ aud: [`${AUDIENCE}/`] })],
    [AUD, 'ours in capitals', 'audience', signed({ aud: [AUDIENCE.toUpperCase()] })],
    [AUD, 'the beginning of ours', 'audience', signed({ aud: [AUDIENCE.slice(0, -1)] })],
    [AUD, 'several in one text', 'audience', signed({ aud: `${AUDIENCE} https://other.example` })],
    [AUD, 'none, where the profile wants one', 'claim/missing', signed({ aud: undefined })],
    [AUD, 'an empty list', 'claim/malformed', signed({ aud: [] })],
    [AUD, 'an empty text', 'claim/malformed', signed({ aud: '' })],
    [AUD, 'a list with a number beside ours', 'claim/malformed', signed({ aud: [AUDIENCE, 1] })],
    [AUD, 'an object', 'claim/malformed', signed({ aud: { 0: AUDIENCE } })],
    [AUD, "the other profile's word for everybody (`ANY` in a WLCG token)", 'audience', wlcg({ aud: ['ANY'] })],
    [AUD, "the other profile's word for everybody (WLCG's in a SciToken)", 'audience', signed({ aud: ['https://wlcg.cern.ch/jwt/v1/any'] })],

    [AUD, 'the word of version 2.0 for everybody in a SciToken 1.0', 'audience', signed({ ver: undefined, aud: ['ANY'] })],

    [TIME, 'expired for 60 s', 'time/expired', signed({ iat: NOW_SECONDS - 1000, nbf: NOW_SECONDS - 1000, exp: NOW_SECONDS - 60 })],
    [TIME, 'expired for years', 'time/expired', signed({ iat: 1, nbf: 1, exp: 2 })],
    [TIME, 'not before 61 s from now', 'time/not-yet', signed({ nbf: NOW_SECONDS + 61 })],
    [TIME, 'issued 61 s from now', 'time/not-yet', signed({ iat: NOW_SECONDS + 61 })],
    [TIME, 'ends when it begins', 'time/order', signed({ nbf: NOW_SECONDS, exp: NOW_SECONDS })],
    [TIME, 'no `exp`', 'claim/missing', signed({ exp: undefined })],
    [TIME, 'no `nbf` in a SciToken', 'claim/missing', signed({ nbf: undefined })],
    [TIME, '`exp` as text', 'claim/malformed', signed({ exp: String(NOW_SECONDS + 1200) })],
    [TIME, '`exp` with a fraction', 'claim/malformed', signed({ exp: NOW_SECONDS + 1200.5 })],
    [TIME, '`exp` after the year 9999', 'claim/malformed', signed({ exp: 1e15 })],
    [TIME, '`exp` that overflows (1e400)', 'claim/malformed', signedText((json) => json.replace(/"exp":\d+/, '"exp":1e400'))],
    [TIME, '`nbf` before 1970', 'claim/malformed', signed({ nbf: -1 })],
    [TIME, '`exp` is null', 'claim/malformed', signed({ exp: null })],

    [PROFILE, 'two at once', 'profile', signed({ 'wlcg.ver': '1.0' })],
    [PROFILE, 'a SciTokens version nobody knows', 'profile', signed({ ver: 'scitoken:3.0' })],
    [PROFILE, 'a WLCG version nobody knows', 'profile', wlcg({ 'wlcg.ver': '2.0' })],
    [PROFILE, 'a WLCG version that is a number', 'profile', wlcg({ 'wlcg.ver': 1 })],
    [PROFILE, 'WLCG without `jti`', 'claim/missing', wlcg({ jti: undefined })],
    [PROFILE, 'WLCG without `sub`', 'claim/missing', wlcg({ sub: undefined })],
    [PROFILE, '`sub` is a number', 'claim/malformed', signed({ sub: 0 })],
    [PROFILE, 'SciTokens 1.0 with a claim to be understood', 'claim/unknown', signed({ ver: undefined, restricted: true })],
    [PROFILE, '`wlcg.groups` is a text', 'claim/malformed', wlcg({ 'wlcg.groups': '/cms' })],
    [PROFILE, 'a group without its slash', 'claim/malformed', wlcg({ 'wlcg.groups': ['cms'] })],

    [SCOPE, '`..` in a path', 'scope', signed({ scope: 'read:/user/alice/../bob' })],
    [SCOPE, '`..` escaped', 'scope', signed({ scope: 'read:/user/alice/%2e%2e/bob' })],
    [SCOPE, '`..` half escaped, in capitals', 'scope', signed({ scope: 'read:/user/alice/.%2E/bob' })],
    [SCOPE, 'an escaped slash', 'scope', signed({ scope: 'read:/user/alice%2f..%2fbob' })],
    [SCOPE, 'an escaped NUL', 'scope', signed({ scope: 'read:/user/alice%00' })],
    [SCOPE, 'a broken escape', 'scope', signed({ scope: 'read:/user/%zz' })],
    [SCOPE, 'an overlong escape of `/` (`%c0%af`)', 'scope', signed({ scope: 'read:/user/alice%c0%af..' })],
    [SCOPE, 'a path that is not absolute', 'scope', signed({ scope: 'read:user/alice' })],
    [SCOPE, 'an empty path', 'scope', signed({ scope: 'read:' })],
    [SCOPE, 'no path where one is needed', 'scope', signed({ scope: 'read' })],
    [SCOPE, 'no path where one is needed (WLCG)', 'scope', wlcg({ scope: 'storage.modify' })],
    [SCOPE, 'one bad word beside good ones', 'scope', signed({ scope: 'read:/user/alice write:/..' })],
    [SCOPE, 'a tab between two words', 'scope', signed({ scope: 'read:/a\tread:/b' })],
    [SCOPE, 'a quote in it', 'scope', signed({ scope: 'read:/a"b' })],
    [SCOPE, 'a list instead of a text', 'claim/malformed', signed({ scope: ['read:/user/alice'] })],
    [SCOPE, 'none', 'claim/missing', signed({ scope: undefined })],
    [SCOPE, '501 words', 'scope', signed({ scope: Array.from({ length: 501 }, (_, i) => `read:/${i}`).join(' ') })],
  ] satisfies readonly (readonly [string, string, RejectionCode, BadToken['make']])[]).map(
    ([group, what, code, make]) => ({ group, what, code, make }),
  ),
];

/** Requests that a good token's scope does not cover, for the same table. */
export const NOT_COVERED: readonly {
  readonly scope: string;
  readonly operation: string;
  readonly path?: string;
}[] = [
  { scope: 'read:/user/alice', operation: 'read', path: '/user/alicex' },
  { scope: 'read:/user/alice', operation: 'read', path: '/user/alicex/f' },
  { scope: 'read:/user/alice/', operation: 'read', path: '/user/alicex' },
  { scope: 'read:/user/alice', operation: 'read', path: '/user' },
  { scope: 'read:/user/alice', operation: 'read', path: '/user/alice/../bob' },
  { scope: 'read:/user/alice', operation: 'read', path: '/USER/alice' },
  { scope: 'read:/user/alice', operation: 'read', path: 'user/alice' },
  { scope: 'read:/user/alice', operation: 'read', path: '' },
  { scope: 'read:/user/alice', operation: 'read' },
  { scope: 'read:/user/alice', operation: 'modify', path: '/user/alice/f' },
  { scope: 'read:/user%20alice', operation: 'read', path: '/user%20alice' },
  { scope: 'write:/user/alice/', operation: 'create', path: '/user/alice' },
  { scope: 'write:/user/alice', operation: 'read', path: '/user/alice' },
  { scope: 'storage.read:/user/alice', operation: 'read', path: '/user/alice' },
  { scope: 'queue', operation: 'execute' },
];

const ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';

function flip(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  return bytes.toString('base64url');
}

function padded(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  const zero = Buffer.alloc(1);
  return Buffer.concat([zero, bytes.subarray(0, 32), zero, bytes.subarray(32)]).toString('base64url');
}

/** 64 bytes end in a character of which four bits are unused: another one decodes to the same bytes. */
function strayBits(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(signature.slice(-1));
  return signature.slice(0, -1) + alphabet[last + 1];
}

function latin1Claims(keys: TestKeys): string {
  const json = JSON.stringify({ ...goodClaims(), sub: 'J\u00f6rg' });
  const input = `${part(GOOD_HEADER)}.${Buffer.from(json, 'latin1').toString('base64url')}`;
  return `${input}.${signers.es256(keys.ec)(Buffer.from(input)).toString('base64url')}`;
}
