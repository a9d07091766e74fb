import { join, relative } from 'node:path';
import {
  loadSettings,
  openState,
  type RunningMonitor,
  type RunningServer,
  readRunning,
  removeRunning,
  type ServerSettings,
  type StatePaths,
  startMonitor,
  startServer,
  stateDirectoryToMake,
  statePaths,
  writeRunning,
} from '../../daemon/index.ts';
import { isLatchkeyError, LatchkeyError } from '../../kit/index.ts';
import { defaultProxyPath } from '../../x509/index.ts';
import type { Command, Invocation, Report } from './command.ts';
import { storageOf } from './config-file.ts';
import { withProgress } from './progress.ts';
import { type Authorities, authorityText, startAuthorities } from './serve-authorities.ts';
import { catchSignals, type Signals } from './serve-signals.ts';
import { formatServerFinding, serverFindings } from './server-findings.ts';

declare const LATCHKEY_VERSION: string;

const DEFAULT_PORT = 7512;
/** How many ports after the usual one are tried, before the kernel chooses: so that it is the same one next time. */
const NEARBY_PORTS = 20;
/** Where the values of the ✔ lines begin. */
const COLUMN = 33;

/** `latchkey serve`: the server of a state directory, or of a configuration file, until ^C. */
export const serve: Command = async (invocation) => {
  const config = invocation.given.text('config');
  return config === undefined ? await serveState(invocation) : await serveFile(invocation, config);
};

/** The production server: its own configuration, and a line for each thing worth knowing. */
async function serveFile(invocation: Invocation, config: string): Promise<Report> {
  const { context, json } = invocation;
  const say = (text: string): void => {
    if (!json) context.out(`${text}\n`);
  };
  const reread = async (): Promise<ServerSettings> =>
    overridden(invocation, await loadSettings(config, storageOf(invocation)));
  const settings = await reread();
  say(`latchkey ${LATCHKEY_VERSION} · ${config}`);
  for (const finding of await serverFindings(settings, context.now())) say(formatServerFinding(finding));
  const signals = catchSignals(invocation);
  const server = await startServer(settings, { reread });
  signals.serving(server);
  announce(invocation, server, settings);
  const monitor = await startMonitorOf(invocation, config, server);
  signals.watching(monitor);
  const authorities = await startAuthoritiesOf(invocation, config, { server, settings, reread, signals });
  announceJson(invocation, server, monitor, authorities);
  return await untilStopped(invocation, { server, monitor, authorities }, signals);
}

async function serveState(invocation: Invocation): Promise<Report> {
  const { given, context, json } = invocation;
  const directory = stateDirectoryToMake({
    directory: given.text('state'),
    env: context.env,
    cwd: process.cwd(),
  });
  const say = (text: string): void => {
    if (!json) context.out(`${text}\n`);
  };
  await refuseSecondServer(statePaths(directory));
  const signals = catchSignals(invocation);
  const shown = relative(process.cwd(), directory).startsWith('..')
    ? directory
    : relative(process.cwd(), directory) || '.';
  const opened = await withProgress(invocation, async (progress) => {
    const steps: string[] = [];
    const state = await openState(directory, {
      now: context.now(),
      hostNames: given
        .text('host-name')
        ?.split(',')
        .filter((name) => name !== ''),
      onBegin: progress,
      onStep: ({ name, detail }) => {
        if (STEP_TITLES[name] !== undefined) steps.push(tick(STEP_TITLES[name], detail));
      },
    });
    return { ...state, steps };
  });
  say(`latchkey ${LATCHKEY_VERSION} · state ${shown}${opened.isNew ? ' (new)' : ''}`);
  for (const step of opened.steps) say(step);
  const { paths } = opened;
  const reread = async (): Promise<ServerSettings> =>
    overridden(invocation, await loadSettings(paths.settings, storageOf(invocation)));
  const wanted = await reread();
  const { server, settings } = await startNearby(invocation, wanted, reread);
  signals.serving(server);
  await writeRunning(paths, { pid: process.pid, host: server.address.host, port: server.address.port });
  const others =
    settings.listen.port === wanted.listen.port ? '' : `; ${wanted.listen.port} is taken by another server`;
  announce(invocation, server, settings, others);
  const monitor = await startMonitorOf(invocation, paths.settings, server);
  signals.watching(monitor);
  const authorities = await startAuthoritiesOf(invocation, paths.settings, {
    server,
    settings,
    reread,
    signals,
  });
  announceJson(invocation, server, monitor, authorities);
  const findings = await serverFindings(settings, context.now());
  for (const finding of findings.filter(({ severity }) => severity !== 'notice'))
    say(formatServerFinding(finding));
  if (!json) {
    const isFoundUnnamed =
      directory === join(process.cwd(), '.latchkey') || context.env.LATCHKEY_STATE !== undefined;
    context.out(
      whatNext(opened.isNew, settings, {
        state: isFoundUnnamed ? '' : ` --state ${shown}`,
        proxy: defaultProxyPath({ ...context.env }, context.uid),
      }),
    );
  }
  try {
    return await untilStopped(invocation, { server, monitor, authorities }, signals);
  } finally {
    await removeRunning(paths);
  }
}

const STEP_TITLES: Readonly<Record<string, string>> = {
  authority: "this installation's own CA",
  'host certificate': 'host certificate',
};

/** The settings with what the command line says otherwise. */
function overridden({ given }: Invocation, settings: ServerSettings): ServerSettings {
  const host = given.text('listen');
  const port = given.port('port');
  return {
    ...settings,
    listen: {
      ...settings.listen,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
    },
  };
}

async function refuseSecondServer(paths: StatePaths): Promise<void> {
  const running = await readRunning(paths);
  if (running === undefined) return;
  throw new LatchkeyError(
    'daemon/already-running',
    `this state is being served already, on port ${running.port}`,
    {
      hint: `by process ${running.pid}; two servers need two state directories (--state DIR)`,
    },
  );
}

/** Starts on the wanted port, or near it when that is the usual one and somebody else has it. */
async function startNearby(
  { given }: Invocation,
  wanted: ServerSettings,
  reread: () => Promise<ServerSettings>,
): Promise<{ server: RunningServer; settings: ServerSettings }> {
  const isChosen = given.port('port') !== undefined || wanted.listen.port !== DEFAULT_PORT;
  const nearby = Array.from({ length: NEARBY_PORTS }, (_, index) => DEFAULT_PORT + 1 + index);
  const ports = isChosen ? [wanted.listen.port] : [DEFAULT_PORT, ...nearby, 0];
  for (const port of ports) {
    const settings = { ...wanted, listen: { ...wanted.listen, port } };
    try {
      const server = await startServer(settings, { reread });
      return { server, settings };
    } catch (error) {
      if (!isLatchkeyError(error, 'daemon/port-taken') || port === ports.at(-1)) throw error;
    }
  }
  throw new TypeError('the last port is tried or its error thrown');
}

/** The monitor that the configuration asks for. One that cannot start is told and no more: proxies are served all the same. */
async function startMonitorOf(
  { context, json, note }: Invocation,
  config: string,
  server: RunningServer,
): Promise<RunningMonitor | undefined> {
  try {
    const monitor = await startMonitor(config, (level, line) => server.log(level, line));
    if (monitor === undefined) return undefined;
    const { page, settings } = monitor;
    const issuers = new Set(settings.namedProviders.flatMap((p) => (p.mode === 'local' ? [p.issuer] : [])));
    const signed = issuers.size === 0 ? '' : `, signed as ${[...issuers].join(', ')}`;
    const say = (text: string): void => {
      if (!json) context.out(`${text}\n`);
    };
    say(tick('Tokens', `kept in ${settings.directory}${signed}`));
    if (page !== undefined) say(tick('Web', page));
    else if (settings.web !== undefined) note(`  ✘ ${'Web'.padEnd(COLUMN - 4)}not there: the log says why`);
    void monitor.lost.then((reason) => {
      const why = reason instanceof Error ? reason.message : String(reason);
      context.err(`latchkey: tokens are no longer kept: ${why}\n`);
    });
    return monitor;
  } catch (error) {
    if (!isLatchkeyError(error)) throw error;
    note(`  ✘ ${'Tokens'.padEnd(COLUMN - 4)}not kept: ${error.message}`);
    if (error.hint !== undefined) note(`    hint: ${error.hint}`);
    return undefined;
  }
}

/** The attribute authorities that the configuration asks for. */
async function startAuthoritiesOf(
  invocation: Invocation,
  config: string,
  parts: {
    readonly server: RunningServer;
    readonly settings: ServerSettings;
    readonly reread: () => Promise<ServerSettings>;
    readonly signals: Signals;
  },
): Promise<Authorities> {
  const authorities = await startAuthorities(invocation, config, parts);
  if (!invocation.json)
    for (const one of authorities.running) invocation.context.out(`${tick('VOMS', authorityText(one))}\n`);
  parts.signals.serving(authorities);
  return authorities;
}

/** One line when everything is there that will be. */
function announceJson(
  { context, json }: Invocation,
  { address: { host, port }, dn }: RunningServer,
  monitor: RunningMonitor | undefined,
  { running }: Authorities,
): void {
  if (!json) return;
  const tokens = monitor?.settings.directory ?? null;
  const page = monitor?.page ?? null;
  const voms = running.map(({ vo, address }) => ({ vo, listening: address }));
  const document = { listening: { host, port }, dn, pid: process.pid, tokens, page };
  context.out(`${JSON.stringify(voms.length === 0 ? document : { ...document, voms })}\n`);
}

function announce(
  { context, json }: Invocation,
  server: RunningServer,
  settings: ServerSettings,
  remark = '',
): void {
  const { host, port } = server.address;
  if (json) return;
  const where =
    settings.listen.host === undefined
      ? `0.0.0.0:${port}`
      : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  context.out(`${tick('MyProxy', `listening on ${where}${remark}`)}\n`);
}

function tick(title: string, detail: string): string {
  return `  ✔ ${title.padEnd(COLUMN - 4)}${detail}`;
}

/** What to type in another terminal: `state` as an option where commands would not find it, `proxy` is where logon writes. */
function whatNext(
  isNew: boolean,
  settings: ServerSettings,
  { state, proxy }: { readonly state: string; readonly proxy: string },
): string {
  if (!isNew) return `\n  ^C stops it; latchkey status${state} shows what is stored.\n`;
  const reach =
    settings.listen.host === undefined
      ? '  Other machines reach it too; --listen 127.0.0.1 keeps it to this one.\n'
      : '';
  const rows = [
    ['user add jane', 'a certificate from this CA, and a pass phrase'],
    ['init -l jane', 'store a credential for a week'],
    ['logon -l jane', `a proxy for 12 hours, in ${proxy}`],
    ['web code', 'sign in to the page with it'],
    ['status', 'what is stored, for whom, how long it lasts'],
  ] as const;
  const lines = rows.map(
    ([command, meaning]) => `    npx latchkey ${`${command}${state}`.padEnd(20 + state.length)}${meaning}`,
  );
  return `\n  In another terminal:\n${lines.join('\n')}\n\n${reach}  ^C stops it.\n`;
}

async function untilStopped(
  { context, json }: Invocation,
  running: {
    readonly server: RunningServer;
    readonly monitor: RunningMonitor | undefined;
    readonly authorities: Authorities;
  },
  signals: Signals,
): Promise<Report> {
  const { server, monitor, authorities } = running;
  const reason = await Promise.race([signals.stopped, server.ended.then(() => 'ended')]);
  await Promise.all([server.close(), monitor?.close(), authorities.close()]);
  if (!json) {
    context.out(`${reason === 'SIGINT' && process.stdout.isTTY ? '\n' : ''}latchkey: stopped\n`);
  }
  return { json: { stopped: true }, lines: [], raw: '' };
}
