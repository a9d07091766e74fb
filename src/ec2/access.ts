import { LatchkeyError, quote, type Secret } from '../kit/index.ts';

/** Whose account is used, and where. */
export interface Ec2Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary credentials. */
  readonly sessionToken?: Secret | undefined;
  readonly region: string;
  /** Default: the region's own endpoint. Plain `http` to loopback only. */
  readonly endpoint?: string | undefined;
  /** PEM certificates that the endpoint may have besides those the machine trusts. */
  readonly ca?: string | undefined;
}

/** What may stand in the `Credential=` of a signature without being read as something else. */
const ACCESS_KEY_ID = /^[A-Za-z0-9_.-]{1,128}$/;
const REGION = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;
/** Paths that every signer encodes alike. */
const PATH = /^\/[A-Za-z0-9/_.-]*$/;

/**
 * The endpoint's URL of an access that can be used.
 *
 * @throws LatchkeyError `ec2/config`
 */
export function endpointOf(access: Ec2Access): URL {
  if (!ACCESS_KEY_ID.test(access.accessKeyId))
    throw unusable(`expected an access key id, got ${access.accessKeyId.length} characters that are none`);
  if (access.secretAccessKey.isEmpty) throw unusable('the secret access key is empty');
  if (!REGION.test(access.region))
    throw unusable(`expected a region such as "eu-central-1", got ${quote(access.region)}`);
  if (access.endpoint === undefined) return new URL(defaultEndpoint(access.region));
  // What cannot be read is not repeated: it may hold a password.
  if (!URL.canParse(access.endpoint)) throw unusable('the endpoint is not a URL');
  const url = new URL(access.endpoint);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw unusable(`expected an endpoint without user, query or fragment, got more at ${url.origin}`);
  if (!PATH.test(url.pathname))
    throw unusable(`expected a plain path in the endpoint, got ${quote(url.pathname)}`);
  return url;
}

function defaultEndpoint(region: string): string {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://ec2.${region}.${domain}/`;
}

function unusable(message: string): LatchkeyError {
  return new LatchkeyError('ec2/config', message, {
    hint: 'check access key id, secret, region and endpoint of the EC2 context',
  });
}
