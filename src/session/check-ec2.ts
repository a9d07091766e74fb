import type { Ec2Access } from '../ec2/index.ts';
import { LatchkeyError } from '../kit/index.ts';
import type { Checked } from './entry.ts';
import { resolveSecret, type SecretInput } from './secret-input.ts';
import type { Surroundings } from './surroundings.ts';

/** The attributes of EC2 contexts. */
export interface Ec2Attributes {
  readonly user_id?: string | undefined;
  readonly user_key?: SecretInput | undefined;
  readonly server?: string | undefined;
  readonly session_token?: SecretInput | undefined;
  readonly region?: string | undefined;
}

/** EC2: an access key and its secret, not one for the other. Nothing is asked of the endpoint: the first request will tell. */
export async function checkEc2(
  attributes: Ec2Attributes,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const { user_id: accessKeyId, user_key: keyInput, session_token: tokenInput, server } = attributes;
  if (accessKeyId === undefined) throw missing('user_id', 'the access key id, such as AKIA…');
  if (keyInput === undefined) throw missing('user_key', 'the secret access key');
  const secretAccessKey = await resolveSecret(keyInput, where, signal);
  if (secretAccessKey === undefined) throw missing('user_key', 'it is empty');
  if (/^(?:AKIA|ASIA)[A-Z0-9]{16}$/.test(secretAccessKey.revealText())) {
    throw new LatchkeyError('session/context-invalid', 'user_key holds an access key id', {
      hint: 'user_id is the access key id, user_key the secret: they seem to have changed places',
    });
  }
  const sessionToken = tokenInput === undefined ? undefined : await resolveSecret(tokenInput, where, signal);
  const endpoint = server === undefined ? undefined : endpointOf(server);
  const region =
    attributes.region ?? regionOf(endpoint) ?? where.env.AWS_REGION ?? where.env.AWS_DEFAULT_REGION;
  const access: Ec2Access = {
    ...{ accessKeyId, secretAccessKey, sessionToken, endpoint },
    region: region ?? 'us-east-1',
  };
  return {
    material: { type: 'ec2', access },
    summary: `access key ${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)} at ${endpoint ?? access.region}`,
    release: async () => {
      secretAccessKey.wipe();
      sessionToken?.wipe();
    },
  };
}

function endpointOf(server: string): string {
  return /^https?:\/\//i.test(server) ? server : `https://${server}`;
}

/** `ec2.eu-west-1.amazonaws.com` */
function regionOf(endpoint: string | undefined): string | undefined {
  return endpoint === undefined ? undefined : /\/\/ec2\.([a-z0-9-]+)\.amazonaws\.com/.exec(endpoint)?.[1];
}

function missing(name: string, hint: string): LatchkeyError {
  return new LatchkeyError('session/context-invalid', `${name} is missing`, { hint });
}
