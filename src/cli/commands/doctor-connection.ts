import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  type Certificate,
  checkServerIdentity,
  formatOneline,
  loadTrustDirectory,
  parseCertificate,
  sentChain,
  validatePath,
} from '../../x509/index.ts';
import { secondsLeft } from '../kit/time-text.ts';
import { type Check, type Examination, failed, ok, trustPath } from './doctor-check.ts';
import { formatSpan } from './lifetime.ts';
import type { Place } from './place.ts';

const TIMEOUT_MS = 10_000;

export async function checkNamed({ place }: Examination): Promise<Check> {
  const { servers, port } = place;
  if (servers === undefined) return failed('none is named', 'use -s HOST, or set MYPROXY_SERVER');
  return ok(`${servers.value}, port ${port?.value ?? 7512} (from ${servers.origin})`);
}

export async function checkDns({ place }: Examination): Promise<Check> {
  const { host } = firstServer(place);
  try {
    const addresses = await lookup(host, { all: true });
    return ok(`${host} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return failed(
      `${host} cannot be resolved (${String(code)})`,
      'is the name spelt right? is there a network?',
    );
  }
}

export async function checkPort({ place }: Examination): Promise<Check> {
  const { host, port } = firstServer(place);
  const started = performance.now();
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS, autoSelectFamily: true });
    const end = (check: Check): void => {
      socket.destroy();
      resolve(check);
    };
    socket.once('connect', () =>
      end(ok(`${host}:${port} answers in ${(performance.now() - started).toFixed(0)} ms`)),
    );
    socket.once('timeout', () =>
      end(
        failed(
          `${host}:${port} does not answer within ${TIMEOUT_MS / 1000} s`,
          'a firewall may drop the packets; ask the operator',
        ),
      ),
    );
    socket.once('error', (error: Error & { code?: string }) =>
      end(
        failed(
          `${host}:${port} refuses: ${error.code ?? error.message}`,
          place.state === undefined
            ? 'is the server running? is the port right (-p)?'
            : 'latchkey serve, in another terminal',
        ),
      ),
    );
  });
}

export async function checkTls(examination: Examination): Promise<Check> {
  const { protocol, chain } = await handshake(examination);
  const [leaf] = chain;
  if (leaf === undefined) return failed('the server shows no certificate');
  return ok(`${protocol}, ${formatOneline(leaf.subject)}`);
}

export async function checkIdentity(examination: Examination): Promise<Check> {
  const { place, now } = examination;
  const { chain } = await handshake(examination);
  const path = await trustPath(examination);
  if (path === undefined) return { state: 'skipped', detail: 'cannot be told without a trust directory' };
  const report = validatePath(chain, { trust: await loadTrustDirectory(path), now });
  if (!report.ok) {
    return failed(
      report.findings.map(({ message }) => message).join('; '),
      "is this server's authority the one you trust? its operator has the files; -b takes them on first use",
    );
  }
  const expectedDn = place.serverDn?.value;
  const mismatch = checkServerIdentity(report.path, {
    host: firstServer(place).host,
    ...(expectedDn === undefined ? {} : { expectedDn }),
  });
  if (mismatch !== undefined) return failed(mismatch.message, mismatch.hint);
  return ok(`trusted, ends in ${formatSpan(secondsLeft(report.expires ?? now, now))}`);
}

function firstServer({ servers, port }: Place): { host: string; port: number } {
  const [first = ''] = (servers?.value ?? '').split(',');
  const match = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(first.trim());
  return { host: match?.[1] ?? first, port: Number(match?.[2] ?? port?.value ?? 7512) };
}

/** One handshake as nobody, verified by nobody: only to see what the server shows. */
async function handshake({ place }: Examination): Promise<{ protocol: string; chain: Certificate[] }> {
  const { host, port } = firstServer(place);
  return await new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false, timeout: TIMEOUT_MS });
    socket.once('secureConnect', () => {
      const chain = sentChain(socket.getPeerX509Certificate()).map(parseCertificate);
      const protocol = socket.getProtocol() ?? 'TLS';
      socket.destroy();
      resolve({ protocol, chain });
    });
    socket.once('timeout', () => socket.destroy(new Error(`no handshake within ${TIMEOUT_MS / 1000} s`)));
    socket.once('error', reject);
  });
}
