import type { Ec2Access } from './access.ts';

const CONTENT_TYPE = 'application/x-www-form-urlencoded; charset=utf-8';

/** A request that can be sent. */
export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Signs a form for the endpoint (AWS Signature Version 4, service `ec2`), with the headers that the AWS tools sign. */
export async function signForm(url: URL, body: string, access: Ec2Access, now: Date): Promise<SignedRequest> {
  const { AwsV4Signer } = await import('aws4fetch');
  const signer = new AwsV4Signer({
    method: 'POST',
    url: url.href,
    headers: { 'content-type': CONTENT_TYPE },
    body,
    accessKeyId: access.accessKeyId,
    secretAccessKey: access.secretAccessKey.revealText(),
    ...(access.sessionToken === undefined ? {} : { sessionToken: access.sessionToken.revealText() }),
    service: 'ec2',
    region: access.region,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ''),
    // Left to itself it does not sign the content type.
    allHeaders: true,
  });
  const { headers } = await signer.sign();
  return { url: url.href, headers: Object.fromEntries(headers), body };
}
