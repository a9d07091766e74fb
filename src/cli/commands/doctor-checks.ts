import { stat } from 'node:fs/promises';
import { counted } from '../../kit/index.ts';
import {
  type Certificate,
  defaultProxyPath,
  formatOneline,
  identityOf,
  loadTrustDirectory,
} from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { ownFiles, readChain } from './account.ts';
import { type Check, type Examination, failed, ok, trustPath } from './doctor-check.ts';
import { checkDns, checkIdentity, checkNamed, checkPort, checkTls } from './doctor-connection.ts';
import { formatSpan } from './lifetime.ts';

/** One step of the examination; `after` names the steps without which it makes no sense. */
interface CheckRow {
  readonly name: string;
  readonly after?: readonly string[];
  readonly run: (examination: Examination) => Promise<Check>;
}

/** Every check in the order in which a connection needs what it looks at. */
export const CHECKS: readonly CheckRow[] = [
  { name: 'Node', run: checkNode },
  { name: 'start-up', run: checkStartUp },
  { name: 'state', run: checkState },
  { name: 'server', run: checkNamed },
  { name: 'DNS', after: ['server'], run: checkDns },
  { name: 'port', after: ['server', 'DNS'], run: checkPort },
  { name: 'trust directory', run: checkTrust },
  { name: 'TLS', after: ['server', 'DNS', 'port'], run: checkTls },
  { name: 'server identity', after: ['server', 'DNS', 'port', 'TLS'], run: checkIdentity },
  { name: 'own credential', run: checkOwn },
  { name: 'proxy', run: checkProxy },
  { name: 'clock', run: checkClock },
];

/** Clocks that differ by more make fresh proxies look as if they were not valid yet (they begin five minutes early). */
const MAX_SKEW_SECONDS = 300;

async function checkNode(): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return ok(process.versions.node);
  return failed(`${process.versions.node} is too old`, 'install Node 20.20 or newer');
}

async function checkStartUp({ env }: Examination): Promise<Check> {
  const file = env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || Number(process.versions.node.split('.')[0]) > 20)
    return ok('nothing slows it down');
  return {
    state: 'warning',
    detail: `NODE_EXTRA_CA_CERTS is set (${file}): Node 20 reads it at every start, for about 0.08 s`,
    remedy: 'Latchkey does not use it: unset it for latchkey, or use a newer Node',
  };
}

async function checkState({ place }: Examination): Promise<Check> {
  const { state, running } = place;
  if (state === undefined) return ok('none here: environment and ~/.globus decide');
  if (running !== undefined) return ok(`${state.directory}, served on port ${running.port}`);
  return {
    state: 'warning',
    detail: `${state.directory}, not being served`,
    remedy: 'latchkey serve, in another terminal',
  };
}

async function checkTrust(examination: Examination): Promise<Check> {
  const path = await trustPath(examination);
  if (path === undefined) {
    return failed(
      'there is none',
      'latchkey logon -b takes the trust of this server on first use; X509_CERT_DIR or --trust name a directory',
    );
  }
  const trust = await loadTrustDirectory(path);
  const [first, ...more] = trust.findings;
  const count = counted(trust.authorities.length, 'authority', 'authorities');
  if (trust.authorities.length === 0)
    return failed(`${path} holds no authority`, 'is it the right directory?');
  if (first === undefined) return ok(`${path}, ${count}`);
  return {
    state: 'warning',
    detail: `${path}, ${count}, ${more.length + 1} findings`,
    remedy: `${first.file}: ${first.message}`,
  };
}

async function checkOwn({ invocation, place, now }: Examination): Promise<Check> {
  const files = await ownFiles(invocation, place, { preferProxy: false }).catch((error: unknown) => error);
  if (files instanceof Error) {
    return { state: 'warning', detail: 'you have no certificate here (logon with a pass phrase needs none)' };
  }
  const { certificate, key } = files as { certificate: string; key: string };
  const chain = await readChain(certificate);
  const [leaf] = chain;
  if (leaf === undefined) return failed(`${certificate} holds no certificate`);
  const left = secondsLeft(leaf.notAfter, now);
  if (left <= 0)
    return failed(
      `${certificate} expired ${formatSpan(-left)} ago`,
      'get a new certificate from your authority',
    );
  const { mode } = await stat(key);
  if ((mode & 0o077) !== 0) return failed(`others can read ${key}`, `chmod 600 ${key}`);
  return ok(`${formatOneline(leaf.subject)}, ${formatSpan(left)} left`);
}

async function checkProxy({ env, invocation, now }: Examination): Promise<Check> {
  const path = defaultProxyPath({ ...env }, invocation.context.uid);
  const chain = await readChain(path).catch(() => []);
  const identity = identityOf(chain);
  if (identity === undefined) return ok('none on this machine');
  const left = secondsLeft(endOf(chain), now);
  if (left > 0) return ok(`${formatOneline(identity)}, ${formatSpan(left)} left`);
  return {
    state: 'warning',
    detail: `${path} expired ${formatSpan(-left)} ago`,
    remedy: 'latchkey logon fetches a new one',
  };
}

/** A proxy that a server has just made begins five minutes before the server's time; its file carries this machine's. */
async function checkClock({ env, invocation, now }: Examination): Promise<Check> {
  const path = defaultProxyPath({ ...env }, invocation.context.uid);
  const [chain, file] = await Promise.all([
    readChain(path).catch(() => []),
    stat(path).catch(() => undefined),
  ]);
  const [leaf] = chain;
  if (now.getUTCFullYear() < 2026)
    return failed(`this machine believes it is ${now.toISOString()}`, 'set the clock (chrony, ntpd)');
  if (leaf === undefined || file === undefined)
    return ok(`${now.toISOString().slice(0, 19)}Z; there is no proxy to compare it with`);
  const skew = Math.round((file.mtimeMs - leaf.notBefore.getTime()) / 1000) - 300;
  if (skew > -MAX_SKEW_SECONDS && skew < MAX_SKEW_SECONDS) {
    return ok(`agrees with the maker of your proxy to ${Math.abs(skew)} s`);
  }
  return {
    state: 'warning',
    detail: `${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the maker of your proxy`,
    remedy: 'set the clock (chrony, ntpd): proxies seem expired, or not valid yet, otherwise',
  };
}

function endOf(chain: readonly Certificate[]): Date {
  return new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime())));
}
