import { type Operation, sendFinalOk, sendOkWithTrustRoots } from './operation.ts';
import { authorizeRetrieval } from './retrieval.ts';

/** RETRIEVE (`myproxy-retrieve`): sends the stored certificate and its key, the key still under its pass phrase. */
export async function retrieve(operation: Operation): Promise<void> {
  const { credential } = await authorizeRetrieval(operation);
  await sendOkWithTrustRoots(operation);
  await operation.wire.write(Buffer.concat([credential.pem.reveal(), NUL]));
  operation.log('info', `Sent credentials for ${credential.owner}`);
  await sendFinalOk(operation);
}

const NUL = Buffer.alloc(1);
