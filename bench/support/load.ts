import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';

/** What one load asks of a MyProxy server, over and over, with a fresh connection and full TLS handshake each time. */
export interface Load {
  readonly port: number;
  /** The request message of the n-th operation. */
  request(n: number): Buffer;
  /** For GET: the certificate request (DER) sent after the first OK. */
  readonly certificateRequest?: Buffer;
  /** Client certificate chain and key, for INFO. */
  readonly credential?: { readonly cert: string; readonly key: string };
  readonly clients: number;
  /** Ends after this many milliseconds, or after `operations` operations. */
  readonly durationMs?: number;
  readonly operations?: number;
}

/** What a load measured; times in milliseconds. */
export interface LoadResult {
  readonly operations: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs a load. The generator verifies nothing and reuses one key, so that the machine's time goes to the server. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  let failures = 0;
  let next = 0;
  const started = performance.now();
  const deadline = started + (load.durationMs ?? Number.POSITIVE_INFINITY);
  const limit = load.operations ?? Number.POSITIVE_INFINITY;
  // One context for all connections: the generator shares the machine with the server it measures.
  const secureContext = tls.createSecureContext({ maxVersion: 'TLSv1.2', ...load.credential });
  const client = async () => {
    while (next < limit && performance.now() < deadline) {
      const n = next++;
      const begin = performance.now();
      try {
        await operation(load, n, secureContext);
        latencies.push(performance.now() - begin);
      } catch (error) {
        failures += 1;
        if (failures > 20) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Number.NaN;
  return {
    operations: latencies.length,
    failures,
    perSecond: round(latencies.length / seconds),
    p50Ms: round(at(0.5)),
    p99Ms: round(at(0.99)),
  };
}

const OK = Buffer.from('RESPONSE=0\n');

function operation(load: Load, n: number, secureContext: tls.SecureContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port: load.port, host: '127.0.0.1', noDelay: true });
    const secure = tls.connect({
      socket,
      rejectUnauthorized: false,
      secureContext,
    });
    let received = Buffer.alloc(0);
    let asked = false;
    secure.setTimeout(60_000, () => secure.destroy(new Error('no answer within 60 s')));
    secure.once('error', reject);
    secure.once('secureConnect', () => {
      // The flag byte has to be a TLS record of its own.
      secure.write('0', () => secure.write(load.request(n)));
    });
    secure.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(0);
      if (!asked) {
        if (end < 0) return;
        if (!received.subarray(0, end).includes(OK)) {
          secure.destroy(new Error(received.subarray(0, end).toString()));
          return;
        }
        if (load.certificateRequest === undefined) {
          secure.destroy();
          resolve();
          return;
        }
        asked = true;
        received = received.subarray(end + 1);
        secure.write(load.certificateRequest);
      } else if (received.length > 100 && received.subarray(-64).includes(OK)) {
        secure.destroy();
        resolve();
      }
    });
    secure.once('close', () =>
      reject(
        new Error(`closed after ${received.length} bytes: ${received.subarray(0, 300).toString('latin1')}`),
      ),
    );
  });
}

/** CPU milliseconds that a process and the children it has reaped have used (utime, stime, cutime, cstime). */
export function cpuMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks * 10; // USER_HZ is 100 on Linux
}

/** Resident memory of a process, in MB. */
export function residentMegabytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return round(Number(line?.[1] ?? Number.NaN) / 1024);
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
