import { LatchkeyError, quote } from '../../kit/index.ts';
import { type Credential, keySigner } from '../../x509/index.ts';
import { encodeAuthorizationReply } from '../wire/authorization-reply.ts';
import type { Challenge } from '../wire/response.ts';

/** The challenges we answer, best first, as C clients prefer them. */
const METHODS = [
  { method: 'X509_certificate_SHA256', digest: 'sha256' },
  { method: 'X509_certificate', digest: 'sha1' },
] as const;

/**
 * Answers a server's challenge with a credential: signs the challenge's characters with its key and shows its chain.
 *
 * @throws LatchkeyError `myproxy/unsupported` when none of the challenges is one for certificates
 */
export async function answerChallenge(
  challenges: readonly Challenge[],
  credential: Credential,
): Promise<Buffer> {
  for (const { method, digest } of METHODS) {
    const challenge = challenges.find((offered) => offered.method === method);
    if (challenge === undefined) continue;
    const signature = await keySigner(credential.privateKey).sign(
      Buffer.from(challenge.data, 'latin1'),
      digest,
    );
    return encodeAuthorizationReply({
      method,
      signature,
      chain: credential.chain.map((certificate) => certificate.der),
    });
  }
  const offered = challenges.map(({ method }) => quote(method, 40)).join(', ') || 'nothing';
  throw new LatchkeyError(
    'myproxy/unsupported',
    `the server wants one of ${offered}, and this client answers only with a certificate`,
    { details: { methods: challenges.map(({ method }) => method) } },
  );
}
