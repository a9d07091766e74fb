import { checkAcceptedMapping, decideStore } from '../../repository/index.ts';
import { credentialIdOf, type Operation, sendFinalOk } from './operation.ts';
import { refusal } from './refusal.ts';

/** DESTROY (`myproxy-destroy`): removes a credential the client owns. */
export async function destroy(operation: Operation): Promise<void> {
  const { service, request, client, signal } = operation;
  const { access: policy, acceptedMapFile: file, acceptedMapProgram: program } = service.policy;
  const id = credentialIdOf(request);
  const mapping = await checkAcceptedMapping(client.dn, request.username, { file, program, signal });
  const credential = await service.store.read(id);
  const decision = decideStore({ command: 'DESTROY', id, client, policy, credential, mapping });
  if (!decision.allowed) throw refusal(decision.lines);
  if (!(await service.store.remove(id))) {
    const named = id.name === undefined ? 'no default credential' : `no credential named "${id.name}"`;
    throw refusal(['Credentials do not exist.', `there is ${named} for username "${id.username}"`]);
  }
  if (credential !== undefined) operation.notes.owner = credential.owner;
  await sendFinalOk(operation);
}
