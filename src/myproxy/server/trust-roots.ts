import { decideTrustRoots } from '../../repository/index.ts';
import { type Operation, sendOkWithTrustRoots } from './operation.ts';
import { refusal } from './refusal.ts';

/** TRUSTROOTS (`myproxy-get-trustroots`): sends the trusted certificates, or a bare OK when the server has none to give. */
export async function trustRoots(operation: Operation): Promise<void> {
  const decision = decideTrustRoots(operation.client, operation.service.policy.access);
  if (!decision.allowed) throw refusal(decision.lines);
  await sendOkWithTrustRoots(operation);
}
