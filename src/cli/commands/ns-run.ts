import { resolve } from 'node:path';
import { counted } from '../../kit/index.ts';
import { formatLocation } from '../../pyro/index.ts';
import { RegistryServer } from '../../remote/index.ts';
import type { Command } from './command.ts';
import { hmacKeyOf } from './ns-place.ts';

/** `latchkey ns run`: the registry, until a signal ends it. */
export const nsRun: Command = async (invocation) => {
  const { given, note } = invocation;
  const socket = given.text('socket');
  const host = given.text('host') ?? '127.0.0.1';
  const state = given.text('names');
  const hmacKey = await hmacKeyOf(invocation);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
  const server = await RegistryServer.listen({
    address: socket === undefined ? { host, port: given.port('port') ?? 9090 } : { path: resolve(socket) },
    ...(state === undefined ? {} : { stateFile: resolve(state) }),
    ...(hmacKey === undefined ? {} : { hmacKey }),
  });
  note(
    `latchkey: the registry listens on ${formatLocation(server.address)}, with ${counted(server.size, 'name')}`,
  );
  if (socket === undefined && hmacKey === undefined && host !== '127.0.0.1' && host !== '::1')
    note('latchkey: there is no key: everybody who reaches this address can register names');
  await stopped;
  await server.close();
  return { json: { ended: true }, lines: [], raw: '' };
};
