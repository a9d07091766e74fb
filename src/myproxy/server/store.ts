import { createPublicKey } from 'node:crypto';
import { type PemBlock, parsePem } from '../../asn1/index.ts';
import { Secret } from '../../kit/index.ts';
import {
  type Certificate,
  isEncryptedKey,
  isSameKey,
  openPrivateKey,
  parseCertificate,
} from '../../x509/index.ts';
import { type Operation, sendFinalOk, sendOk } from './operation.ts';
import { refusal } from './refusal.ts';
import { authorizeStore, checkChain, storeCredential } from './storing.ts';

const MAX_CERTIFICATES = 100;
const KEY_LABELS = new Set(['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']);

/** STORE (`myproxy-store`): keeps the client's certificate and key as they are; the key's pass phrase stays unknown here. */
export async function store(operation: Operation): Promise<void> {
  await authorizeStore(operation);
  await sendOk(operation);
  const { chain, keyText, pem } = parsePayload(await operation.wire.reader.pem());
  checkChain(operation, chain);
  await checkKey(keyText, chain);
  await storeCredential(operation, pem);
  await sendFinalOk(operation);
}

interface Payload {
  readonly chain: readonly Certificate[];
  readonly keyText: string;
  readonly pem: Secret;
}

/** Takes only the PEM blocks, each exactly as it came: leaf, key, rest of the chain. */
function parsePayload(payload: Buffer): Payload {
  let blocks: readonly PemBlock[];
  let certificateBlocks: readonly PemBlock[];
  let chain: readonly Certificate[];
  try {
    blocks = parsePem(payload.toString('latin1'));
    certificateBlocks = blocks.filter((block) => block.label === 'CERTIFICATE');
    if (certificateBlocks.length > MAX_CERTIFICATES) throw new RangeError('too many certificates');
    chain = certificateBlocks.map((block) => parseCertificate(block.der));
  } catch (error) {
    throw failed('the certificates could not be read', error);
  }
  const keys = blocks.filter((block) => KEY_LABELS.has(block.label));
  const [key] = keys;
  const [leaf, ...rest] = certificateBlocks;
  if (leaf === undefined) throw failed('no certificate was sent');
  if (key === undefined || keys.length > 1) throw failed(`one private key was expected, ${keys.length} came`);
  const text = [leaf, key, ...rest].map((block) => `${block.text.replaceAll('\r\n', '\n')}\n`).join('');
  return { chain, keyText: key.text, pem: new Secret(Buffer.from(text, 'latin1')) };
}

/** A key in the clear must fit the certificate; one under a pass phrase shows that only when it is used. */
async function checkKey(keyText: string, [leaf]: readonly Certificate[]): Promise<void> {
  if (isEncryptedKey(keyText)) return;
  const privateKey = await openPrivateKey(keyText).catch((error: unknown) => {
    throw failed('the private key could not be read', error);
  });
  if (leaf === undefined || !isSameKey(leaf.publicKey, createPublicKey(privateKey))) {
    throw failed('the private key does not belong to the certificate');
  }
}

function failed(reason: string, cause?: unknown): Error {
  const why = cause instanceof Error ? `${reason}: ${cause.message}` : reason;
  return refusal(['Failed to accept credentials.', reason], why);
}
