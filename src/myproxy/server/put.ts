import { checkPassPhrasePolicy } from '../../repository/index.ts';
import {
  type Certificate,
  createCertificateRequest,
  formatCertificates,
  isSameKey,
  keySigner,
  parseCertificate,
  parseOneline,
} from '../../x509/index.ts';
import { parseFields } from '../wire/text-fields.ts';
import { credentialIdOf, type Operation, sendFinalOk, sendOk } from './operation.ts';
import { refusal } from './refusal.ts';
import { authorizeStore, checkChain, storeCredential } from './storing.ts';

/** Most bytes of a client's own reason that go to the log. */
const MAX_REASON_BYTES = 500;

/**
 * PUT (`myproxy-init`): the client delegates a proxy of its credential to a key pair made here, which is stored under
 * the request's pass phrase. The key never leaves the server.
 */
export async function put(operation: Operation): Promise<void> {
  const { service, request, client, wire, signal } = operation;
  await authorizeStore(operation);
  const { passPhrase, retrievers, renewers } = request;
  const refused = await checkPassPhrasePolicy(
    { ...credentialIdOf(request), passPhrase, dn: client.dn, retrievers, renewers },
    { program: service.policy.passPhrasePolicyProgram, signal },
  );
  if (refused.length > 0) throw refusal(refused, undefined, 'repository/pass-phrase-policy');
  const pair = service.keys.take(signal);
  // A rejection is seen below; until then it must not count as unhandled.
  pair.catch(() => {});
  await sendOk(operation);
  const { privateKey } = await pair;
  const signer = keySigner(privateKey);
  await wire.write(await createCertificateRequest({ subject: parseOneline('/CN=myproxy'), signer }));
  const chain = await receiveChain(operation);
  if (chain[0] === undefined || !isSameKey(chain[0].publicKey, signer.publicKey)) {
    throw failed('the delegated certificate is not for the key of the request');
  }
  checkChain(operation, chain);
  const pem = await service.vault.seal(formatCertificates(chain), privateKey, passPhrase);
  await storeCredential(operation, pem);
  await sendFinalOk(operation);
}

async function receiveChain({ wire }: Operation): Promise<Certificate[]> {
  // A client that cannot sign sends an error message where the chain was expected.
  if (await wire.reader.nextIsText()) {
    const [error] = parseFields(await wire.reader.text(), (key) => key === 'ERROR');
    throw failed('the client could not delegate', error?.value.toString('utf8', 0, MAX_REASON_BYTES));
  }
  try {
    return (await wire.reader.chain()).map((der) => parseCertificate(der));
  } catch (error) {
    throw failed(
      'the delegated certificates could not be read',
      error instanceof Error ? error.message : undefined,
    );
  }
}

function failed(reason: string, why?: string): Error {
  return refusal(['Failed to accept credentials.', reason], why === undefined ? reason : `${reason}: ${why}`);
}
