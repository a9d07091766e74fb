import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { parseServiceUrl, Service, type ServiceUrl } from '../../jobs/index.ts';
import { counted, isLatchkeyError, type LatchkeyError } from '../../kit/index.ts';
import type { Session } from '../../session/index.ts';
import { openLocal, type SshConnection, type Transport, turnedAway } from '../../ssh/index.ts';
import type { Invocation } from './command.ts';
import { type Check, failed, ok } from './doctor-check.ts';
import { jumpHosts } from './machine-session.ts';

/** What the checks of a machine look at, and what the earlier ones have found for the later ones. */
export interface MachineExamination {
  readonly invocation: Invocation;
  readonly url: ServiceUrl;
  /** Or why there is none: something that was given to log in with is no good. */
  readonly session: Session | LatchkeyError;
  transport?: Transport;
  connection?: SshConnection;
}

interface MachineCheck {
  readonly name: string;
  readonly after?: readonly string[];
  /** `undefined` = it makes no sense for this address. */
  readonly run: (examination: MachineExamination) => Promise<Check | undefined>;
}

/** Every check in the order in which a job needs what it looks at. */
export const MACHINE_CHECKS: readonly MachineCheck[] = [
  { name: 'DNS', run: checkDns },
  { name: 'port', after: ['DNS'], run: checkPort },
  { name: 'credentials', run: checkCredentials },
  { name: 'login', after: ['DNS', 'port', 'credentials'], run: checkLogin },
  { name: 'shell', after: ['DNS', 'port', 'credentials', 'login'], run: checkShell },
  { name: 'files', after: ['DNS', 'port', 'credentials', 'login'], run: checkFiles },
  { name: 'clock', after: ['DNS', 'port', 'credentials', 'login', 'shell'], run: checkClock },
  { name: 'forwarding', after: ['DNS', 'port', 'credentials', 'login'], run: checkForwarding },
  { name: 'scheduler', after: ['DNS', 'port', 'credentials', 'login', 'shell'], run: checkScheduler },
];

const TIMEOUT_MS = 10_000;
const MAX_SKEW_SECONDS = 60;

/** A bare host is a machine to be reached over ssh. @throws LatchkeyError `jobs/url` */
export function examineAddress(text: string): ServiceUrl {
  return parseServiceUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `ssh://${text}`);
}

/** With a jump host, or an alias of ssh's configuration, this machine need not know the name. */
async function checkDns({ url, invocation }: MachineExamination): Promise<Check | undefined> {
  if (url.host === undefined) return undefined;
  if (jumpHosts(invocation) !== undefined) return { state: 'skipped', detail: 'the jump host resolves it' };
  try {
    const addresses = await lookup(url.host, { all: true });
    return ok(`${url.host} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return {
      state: 'warning',
      detail: `${url.host} does not resolve here (${code})`,
      remedy: 'no harm when it is a name of ~/.ssh/config, or behind a jump host; else: is it spelt right?',
    };
  }
}

async function checkPort({ url, invocation }: MachineExamination): Promise<Check | undefined> {
  const { host, port = 22 } = url;
  if (host === undefined) return undefined;
  if (jumpHosts(invocation) !== undefined)
    return { state: 'skipped', detail: 'the jump host connects to it' };
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS, autoSelectFamily: true });
    const end = (check: Check): void => {
      socket.destroy();
      resolve(check);
    };
    socket.once('data', (bytes) => {
      const [banner = ''] = bytes.toString('latin1').split(/\r?\n/);
      if (banner.startsWith('SSH-')) return end(ok(`${host}:${port} says ${banner}`));
      const away = turnedAway(banner);
      if (away !== undefined) end(failed(`${host}:${port} turns this address away: ${away.text}`, away.hint));
      else end(failed(`what answers at ${host}:${port} is no ssh server`, 'is the port right?'));
    });
    socket.once('timeout', () =>
      end(
        failed(
          `${host}:${port} says nothing within ${TIMEOUT_MS / 1000} s`,
          'a firewall, or a machine that is down or overloaded',
        ),
      ),
    );
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      end(
        code === 'ENOTFOUND'
          ? { state: 'skipped', detail: 'this machine does not know the name; ssh may' }
          : failed(
              `${host}:${port} refuses: ${code ?? message}`,
              'is sshd running there, and is it that port?',
            ),
      ),
    );
    socket.once('end', () =>
      end(
        failed(`${host}:${port} hangs up at once`, 'too many connections, or this address is blocked there'),
      ),
    );
  });
}

async function checkCredentials({ url, session }: MachineExamination): Promise<Check | undefined> {
  if (url.via === 'local' || url.host === undefined) return undefined;
  if (isLatchkeyError(session)) return failed(session.message, session.hint ?? GIVEN_HINT);
  const scheme = url.via === 'gsissh' ? 'gsissh' : 'ssh';
  const { used, user, conflict } = await session.explain({
    scheme,
    host: url.host,
    port: url.port,
    user: url.user,
  });
  if (conflict !== undefined) return failed(conflict.message, conflict.hint);
  const list = used.map(({ context }) => context).join(', ');
  const who = user === undefined ? 'as ssh decides' : `as ${user}`;
  if (list !== '') return ok(`${list}, ${who}`);
  return {
    state: 'warning',
    detail: 'nothing is found here to log in with but what ssh itself finds',
    remedy:
      'latchkey session show tells what was looked at; --identity, --password and --login-proxy name more',
  };
}

const GIVEN_HINT =
  'is the file the right one, there, and readable by you? ls -l it; latchkey session show HOST tells what else is found here';

async function checkLogin(examination: MachineExamination): Promise<Check> {
  const { url, session, invocation } = examination;
  if (url.via === 'local' || url.host === undefined) {
    examination.transport = openLocal();
    return ok('this machine');
  }
  // It was a finding already.
  if (isLatchkeyError(session)) throw session;
  const started = performance.now();
  const connection = await session.connect({
    scheme: url.via === 'gsissh' ? 'gsissh' : 'ssh',
    ...{ host: url.host, port: url.port, user: url.user, jump: jumpHosts(invocation) },
  });
  examination.connection = connection;
  examination.transport = connection;
  return ok(
    `${connection.description}, host key known, in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
}

async function checkShell({ transport }: MachineExamination): Promise<Check | undefined> {
  if (transport === undefined) return undefined;
  const words = ['it\'s "$HOME"', 'a  b'];
  const { stdout, exitCode } = await transport.script(
    'uname -srm; for word; do printf "%s\\n" "$word"; done',
    words,
  );
  const [system = '', ...echoed] = stdout.toString('utf8').trimEnd().split('\n');
  if (exitCode !== 0 || echoed.join() !== words.join())
    return failed(
      'commands do not arrive as they are',
      'the login shell must be a POSIX shell, or know /bin/sh',
    );
  return ok(system);
}

async function checkFiles({ transport }: MachineExamination): Promise<Check | undefined> {
  if (transport === undefined) return undefined;
  const path = `.latchkey-doctor-${process.pid}-${Date.now()}`;
  const bytes = Buffer.from('written and read');
  try {
    await transport.files.write(path, bytes, { mode: 0o600 });
    const read = await transport.files.read(path);
    return read.equals(bytes)
      ? ok('written, read and removed in the login directory')
      : failed('what was written is not what is read');
  } finally {
    await transport.files.remove(path).catch(() => {});
  }
}

async function checkClock({ transport, invocation }: MachineExamination): Promise<Check | undefined> {
  if (transport === undefined) return undefined;
  const { stdout } = await transport.run(['date', '+%s']);
  const skew = Number(stdout.toString('latin1')) - invocation.context.now().getTime() / 1000;
  if (!Number.isFinite(skew)) return { state: 'skipped', detail: 'its date knows no +%s' };
  if (Math.abs(skew) <= MAX_SKEW_SECONDS) return ok('agrees with ours');
  return {
    state: 'warning',
    detail: `${Math.abs(Math.round(skew))} s ${skew > 0 ? 'ahead of' : 'behind'} ours`,
    remedy: 'set the clocks: fresh proxies and tokens seem not valid yet, or expired, otherwise',
  };
}

/** To the ssh server itself, which is there. */
async function checkForwarding({ connection, url }: MachineExamination): Promise<Check | undefined> {
  if (connection === undefined) return undefined;
  const forward = await connection.forward({
    kind: 'local',
    listen: { port: 0 },
    connect: { host: '127.0.0.1', port: url.port ?? 22 },
  });
  const { state, cause } = forward;
  await forward.close();
  if (state === 'proven')
    return (await checkRemoteForwarding(connection)) ?? ok('allowed, and connections come through');
  return {
    state: 'warning',
    detail: cause?.message ?? `connections do not come through (${state})`,
    remedy: `jobs need none; tunnels do: ${cause?.hint ?? 'AllowTcpForwarding and PermitOpen in sshd_config'}`,
  };
}

/** A listener over there, for which no connection is made; undefined when that is allowed. */
async function checkRemoteForwarding(connection: SshConnection): Promise<Check | undefined> {
  try {
    const back = await connection.forward(
      { kind: 'remote', listen: { port: 0 }, connect: { host: '127.0.0.1', port: 9 } },
      { prove: false },
    );
    await back.close();
    return undefined;
  } catch (error) {
    if (!isLatchkeyError(error, 'ssh/forward')) throw error;
    return {
      state: 'warning',
      detail: `allowed from here to there, and not back: ${error.message}`,
      remedy: `jobs need none; tunnels of the kind R: do: ${error.hint ?? 'PermitListen in sshd_config'}`,
    };
  }
}

async function checkScheduler({ url, session }: MachineExamination): Promise<Check | undefined> {
  if (url.batch === undefined) return undefined;
  const service = new Service(url.text, isLatchkeyError(session) ? {} : { session });
  try {
    const jobs = await service.list();
    return ok(`${url.batch} answers; ${counted(jobs.length, 'job')} of yours`);
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    return failed(
      error.message,
      error.hint ??
        'is its server up, and does the same command answer in a non-interactive login there? its administrator knows',
    );
  } finally {
    await service.close();
  }
}
