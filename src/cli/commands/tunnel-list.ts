import { LatchkeyError, quote } from '../../kit/index.ts';
import type { Command } from './command.ts';
import { tableLines } from './facts.ts';
import { askTunnel, listTunnels, type TunnelStatus, tunnelDirectory } from './tunnel-place.ts';

/** `latchkey tunnel list`: this user's tunnels, a row for each forward. */
export const tunnelList: Command = async (invocation) => {
  const tunnels = await listTunnels(await tunnelDirectory(invocation));
  const rows = tunnels.flatMap(({ name, host, state, forwards }) =>
    forwards.map((forward) => [name, host, state, forward.forward, forward.state]),
  );
  return {
    json: { tunnels },
    lines:
      rows.length === 0
        ? ['no tunnel is open']
        : tableLines(['NAME', 'HOST', 'LOGIN', 'FORWARD', 'STATE'], rows),
  };
};

/** `latchkey tunnel status NAME`: exit code 1 unless every forward is proven. */
export const tunnelStatus: Command = async (invocation) => {
  const status = await asked(invocation, 'status');
  const { name, host, state, cause, retryAt, reconnects, since, forwards } = status;
  const isGood = state === 'ready' && forwards.every((forward) => forward.state === 'proven');
  return {
    json: status,
    lines: [
      `${name}: ${host}, ${state} since ${since}, connected again ${reconnects} times`,
      ...(cause === undefined
        ? []
        : [`  ${cause}${retryAt === undefined ? '' : `; tried again at ${retryAt}`}`]),
      ...forwards.flatMap((forward) => [
        `  ${forward.forward}  ${forward.state}${forward.cause === undefined ? '' : `: ${forward.cause}`}`,
        ...(forward.hint === undefined ? [] : [`      ${forward.hint}`]),
      ]),
    ],
    exitCode: isGood ? 0 : 1,
  };
};

/** `latchkey tunnel close NAME` */
export const tunnelClose: Command = async (invocation) => {
  const { name } = await asked(invocation, 'close');
  return { json: { closed: name }, lines: [`${name} is closed`] };
};

async function asked(invocation: Parameters<Command>[0], what: 'status' | 'close'): Promise<TunnelStatus> {
  const name = invocation.given.argument(0);
  const status = await askTunnel(await tunnelDirectory(invocation), name, what);
  if (status !== undefined) return status;
  throw new LatchkeyError('cli/not-found', `there is no tunnel ${quote(name)}`, {
    hint: 'latchkey tunnel list shows them',
  });
}
