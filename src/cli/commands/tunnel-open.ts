import { LatchkeyError, quote } from '../../kit/index.ts';
import type { SshConnection } from '../../ssh/index.ts';
import type { Command } from './command.ts';
import { parseForward } from './forward-text.ts';
import { connectTo, openSession } from './machine-session.ts';
import {
  askTunnel,
  checkTunnelName,
  serveTunnel,
  type TunnelStatus,
  tunnelDirectory,
} from './tunnel-place.ts';

/** `latchkey tunnel open HOST FORWARD…`: keeps forwards open, over losses of the connection, until it is ended. */
export const tunnelOpen: Command = async (invocation) => {
  const { given, note } = invocation;
  const [address = '', ...texts] = given.arguments;
  const specs = texts.map(parseForward);
  if (specs.length === 0)
    throw new LatchkeyError('cli/usage', 'a tunnel needs at least one forward', {
      hint: 'latchkey tunnel open HOST L:8080:db:5432',
    });
  const name = checkTunnelName(given.text('name') ?? String(process.pid));
  const directory = await tunnelDirectory(invocation);
  if ((await askTunnel(directory, name, 'status')) !== undefined)
    throw new LatchkeyError('daemon/already-running', `there is a tunnel ${quote(name)} already`, {
      hint: `latchkey tunnel close ${name}`,
    });
  const ended = endOfTunnel();
  const session = await openSession(invocation);
  try {
    const connection = await connectTo(invocation, session, address);
    const since = invocation.context.now();
    for (const spec of specs) await connection.forward(spec);
    const status = () => statusOf(name, connection, since);
    const stopServing = await serveTunnel(directory, status, ended.end);
    note(`${name}: ${connection.description}`);
    for (const forward of connection.forwards) {
      tell(forward, note);
      forward.subscribe((changed) => tell(changed, note));
    }
    connection.subscribe(({ state, cause }) =>
      note(`  ${state}${cause === undefined ? '' : `: ${cause.message}`}`),
    );
    await ended.wait;
    const last = status();
    await stopServing();
    return { json: last, lines: [`${name} is closed`] };
  } finally {
    ended.release();
    await session.close();
  }
};

const MARKS: Readonly<Record<string, string>> = { proven: '✔', degraded: '!', lost: '✘' };

function tell(
  { description, state, cause }: Pick<SshConnection['forwards'][number], 'description' | 'state' | 'cause'>,
  note: (text: string) => void,
): void {
  const why = cause === undefined ? '' : `: ${cause.message.replace(`${description}: `, '')}`;
  note(`  ${MARKS[state] ?? '·'} ${description}  ${state}${why}`);
  if (cause?.hint !== undefined) note(`      ${cause.hint}`);
}

function statusOf(name: string, connection: SshConnection, since: Date): TunnelStatus {
  const { status } = connection;
  return {
    ...{ name, pid: process.pid, host: connection.description, state: status.state },
    cause: status.cause?.message,
    retryAt: status.retryAt?.toISOString(),
    ...{ reconnects: status.reconnects, since: since.toISOString() },
    forwards: connection.forwards.map(({ description, state, cause }) => ({
      ...{ forward: description, state },
      cause: cause?.message.replace(`${description}: `, ''),
      hint: cause?.hint,
    })),
  };
}

function endOfTunnel(): { readonly wait: Promise<void>; end(): void; release(): void } {
  let end = (): void => {};
  const wait = new Promise<void>((resolve) => {
    end = resolve;
  });
  process.on('SIGINT', end).on('SIGTERM', end);
  return { wait, end: () => end(), release: () => process.off('SIGINT', end).off('SIGTERM', end) };
}
