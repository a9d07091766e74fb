import { type IncomingMessage, request } from 'node:http';
import { LatchkeyError, quote } from '../../kit/index.ts';
import type { LeaseDocument, StatusDocument } from './documents.ts';

/** Some hundred thousand leases. */
const MOST_BYTES = 256 << 20;
const TIMEOUT_MS = 60_000;

/** A running monitor, as the command line speaks to it. Every call throws what {@link connectControl} throws. */
export interface ControlClient {
  status(): Promise<StatusDocument>;
  leases(user?: string): Promise<LeaseDocument[]>;
  /** @throws LatchkeyError `credmon/not-found` */
  lease(id: string): Promise<LeaseDocument>;
  /** Settles when it was delivered or has failed: the document tells. @throws LatchkeyError `credmon/not-found` */
  renew(id: string): Promise<LeaseDocument>;
  /** Has the directory looked at, as SIGHUP does. */
  wake(): Promise<void>;
}

/**
 * Connects to the control socket of a running monitor.
 *
 * @throws LatchkeyError `credmon/not-running` when nobody answers there; `credmon/not-allowed` without the right to
 * ask; what the monitor itself answers
 */
export async function connectControl(path: string): Promise<ControlClient> {
  const client: ControlClient = {
    status: async () => (await ask(path, 'GET', '/v1/status')) as StatusDocument,
    leases: async (user) => {
      const query = user === undefined ? '' : `?user=${encodeURIComponent(user)}`;
      const text = await exchange(path, 'GET', `/v1/leases${query}`);
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LeaseDocument);
    },
    lease: async (id) => (await ask(path, 'GET', `/v1/leases/${encodeURIComponent(id)}`)) as LeaseDocument,
    renew: async (id) =>
      (await ask(path, 'POST', `/v1/leases/${encodeURIComponent(id)}/renew`)) as LeaseDocument,
    wake: async () => {
      await ask(path, 'POST', '/v1/wake');
    },
  };
  await exchange(path, 'GET', '/healthz');
  return client;
}

async function ask(path: string, method: string, target: string): Promise<unknown> {
  return JSON.parse(await exchange(path, method, target));
}

function exchange(socketPath: string, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: TIMEOUT_MS }, (incoming) => {
      readText(incoming).then((text) => {
        if (incoming.statusCode === 200) resolve(text);
        else reject(errorOf(text));
      }, reject);
    });
    outgoing.once('timeout', () =>
      outgoing.destroy(
        new LatchkeyError('credmon/not-running', `the monitor did not answer within ${TIMEOUT_MS / 1000} s`, {
          retryable: true,
        }),
      ),
    );
    outgoing.once('error', (error) => reject(connectionError(socketPath, error)));
    outgoing.end();
  });
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MOST_BYTES)
      throw new LatchkeyError(
        'http/too-large',
        `the monitor answered with more than ${MOST_BYTES >> 20} MiB`,
      );
  }
  return Buffer.concat(chunks).toString('utf8');
}

function errorOf(text: string): LatchkeyError {
  const { error } = JSON.parse(text) as {
    readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  };
  const hint = error?.hint === undefined ? {} : { hint: error.hint };
  const message = error?.message ?? 'the monitor answered with an error';
  return new LatchkeyError(
    error?.code === 'credmon/not-found' ? 'credmon/not-found' : 'credmon/not-running',
    message,
    hint,
  );
}

function connectionError(path: string, error: NodeJS.ErrnoException): Error {
  if (error instanceof LatchkeyError) return error;
  if (error.code === 'EACCES')
    return new LatchkeyError(
      'credmon/not-allowed',
      `you may not ask the monitor: no access to ${quote(path)}`,
      { hint: 'ask as the user the monitor runs as, or as root: sudo latchkey credmon …', cause: error },
    );
  return new LatchkeyError(
    'credmon/not-running',
    `no monitor answers on ${quote(path)} (${error.code ?? error.message})`,
    { hint: 'start it: latchkey credmon run', retryable: true, cause: error },
  );
}
