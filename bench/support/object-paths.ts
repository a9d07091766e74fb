// The ways from client to server of `npm run bench -- remote`: direct, and through links of ours between machines that only we see.
import { HERE, Links } from '../../src/remote/index.ts';
import { type ForwardEnd, openSsh, type SshConnection } from '../../src/ssh/index.ts';
import { sshOptions } from '../../test/support/ssh-options.ts';
import { startSshd } from '../../test/support/sshd.ts';
import { endsWith } from '../../test/support/workspace.ts';

/** A way to a server: the location at which the client finds what listens on `port` of this machine's loopback. */
export interface Path {
  readonly name: 'direct' | 'tunnel' | 'relay';
  reach(port: number): Promise<string>;
}

type Scope = Parameters<typeof startSshd>[0];

/** All three. Two sshds on loopback stand for two machines: `tunnel` leads from here to the model's, `relay` from the other through here, in two. */
export async function objectPaths(scope: Scope): Promise<readonly Path[]> {
  const ground = await startSshd(scope);
  const jump = await ground.jump();
  const open = new Map<string, Promise<SshConnection>>();
  const links = new Links({
    connect: (machine) => {
      const known =
        open.get(machine) ??
        openSsh(sshOptions(ground, undefined, machine === 'model' ? ground.target : jump));
      open.set(machine, known);
      return known;
    },
  });
  endsWith(scope, ground.directory, async () => {
    await links.close();
    for (const connection of open.values()) await (await connection).close();
  });
  const through = async (port: number, observer: string) =>
    locationOf((await links.open({ machine: 'model', end: { port } }, { observer })).end);
  return [
    { name: 'direct', reach: async (port) => `127.0.0.1:${port}` },
    { name: 'tunnel', reach: (port) => through(port, HERE) },
    { name: 'relay', reach: (port) => through(port, 'steered') },
  ];
}

function locationOf(end: ForwardEnd): string {
  return 'socketPath' in end ? `./u:${end.socketPath}` : `${end.host ?? '127.0.0.1'}:${end.port}`;
}
