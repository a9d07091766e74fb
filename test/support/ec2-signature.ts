import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Whose signature is accepted. */
export interface ExpectedSigner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  readonly service: string;
}

/** Largest difference of the clocks, as AWS allows it. */
const MAX_SKEW_MS = 15 * 60_000;

/**
 * Checks an `Authorization: AWS4-HMAC-SHA256 …` header from the documentation of Signature Version 4 alone, with nothing of the library
 * that our client signs with. Undefined = right; otherwise AWS's code for what is wrong.
 */
export function checkSignature(request: WireRequest, signer: ExpectedSigner, now: Date): string | undefined {
  const { headers } = request;
  const header = headers.authorization;
  if (header === undefined) return 'MissingAuthenticationToken';
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (match === null) return 'IncompleteSignature';
  const [, keyId, day = '', region = '', service = '', signedHeaders = '', signature = ''] = match;
  if (keyId !== signer.accessKeyId) return 'AuthFailure';
  if (region !== signer.region || service !== signer.service) return 'SignatureDoesNotMatch';
  const date = headers['x-amz-date'] ?? '';
  if (!/^\d{8}T\d{6}Z$/.test(date) || !date.startsWith(day)) return 'IncompleteSignature';
  const at = Date.parse(date.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'));
  if (Math.abs(now.getTime() - at) > MAX_SKEW_MS) return 'RequestExpired';
  if (headers['x-amz-security-token'] !== signer.sessionToken) return 'AuthFailure';
  const names = signedHeaders.split(';');
  const mustBeSigned = [
    'host',
    'x-amz-date',
    ...Object.keys(headers).filter((name) => name.startsWith('x-amz-')),
  ];
  if (mustBeSigned.some((name) => !names.includes(name))) return 'IncompleteSignature';
  if (names.join(';') !== [...names].sort().join(';')) return 'IncompleteSignature';
  const canonical = canonicalRequest(request, names);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${signer.secretAccessKey}`,
  );
  const expected = hmac(key, toSign);
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? undefined : 'SignatureDoesNotMatch';
}

function canonicalRequest({ method, target, headers, body }: WireRequest, names: readonly string[]): string {
  const [path = '/', query = ''] = target.split('?');
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  const parameters = query.split('&').filter((pair) => pair !== '');
  const sorted = parameters.map((pair) => (pair.includes('=') ? pair : `${pair}=`)).sort();
  return [method, path, sorted.join('&'), lines.join(''), names.join(';'), sha256(body)].join('\n');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
