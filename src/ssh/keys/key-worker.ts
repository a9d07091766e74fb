import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { LatchkeyError, type Secret } from '../../kit/index.ts';

/** Work that is slow by intention, done beside the event loop. */
export type KeyWork =
  /** bcrypt_pbkdf of OpenSSH's key files. */
  | { readonly type: 'bcrypt'; readonly salt: Buffer; readonly rounds: number; readonly length: number }
  /** An encrypted PEM key; the answer is PKCS #8, not encrypted. */
  | { readonly type: 'pem'; readonly pem: string };

const TIMEOUT_MS = 60_000;

/** CommonJS text, because a worker of a bundled program has no file of its own. */
const SOURCE = `
const { parentPort, workerData: { work, passPhrase, bcrypt } } = require('node:worker_threads');
if (work.type === 'bcrypt') {
  const key = new Uint8Array(work.length);
  const code = require(bcrypt).pbkdf(passPhrase, passPhrase.length, work.salt, work.salt.length, key, key.length, work.rounds);
  parentPort.postMessage(code === 0 ? { bytes: key } : { error: 'bcrypt_pbkdf refused its parameters' });
} else {
  try {
    const key = require('node:crypto').createPrivateKey({ key: work.pem, format: 'pem', passphrase: Buffer.from(passPhrase) });
    parentPort.postMessage({ bytes: key.export({ type: 'pkcs8', format: 'der' }) });
  } catch (error) {
    parentPort.postMessage({ error: String(error.code ?? error.message) });
  }
}
passPhrase.fill(0);
`;

/**
 * Does it in a thread of its own, which is ended after a minute.
 *
 * @returns the bytes, or what the program said
 * @throws LatchkeyError `ssh/key-malformed` when it takes too long, or what the signal was aborted with
 */
export function runKeyWork(
  work: KeyWork,
  passPhrase: Secret,
  signal?: AbortSignal,
): Promise<Buffer | { readonly error: string }> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const bcrypt = work.type === 'bcrypt' ? createRequire(import.meta.url).resolve('bcrypt-pbkdf') : '';
    const worker = new Worker(SOURCE, {
      eval: true,
      workerData: { work, passPhrase: Uint8Array.from(passPhrase.reveal()), bcrypt },
      // Nothing of ours belongs in there, and it says nothing.
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    const end = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      void worker.terminate().catch(() => {});
      act();
    };
    const onAbort = (): void => end(() => reject(signal?.reason));
    const timer = setTimeout(() => {
      const message = `the pass phrase of the key was not tried within ${TIMEOUT_MS / 1000} s`;
      end(() => reject(new LatchkeyError('ssh/key-malformed', message)));
    }, TIMEOUT_MS);
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.once('message', (answer: { bytes: Uint8Array } | { error: string }) => {
      end(() => resolve('error' in answer ? answer : Buffer.from(answer.bytes)));
    });
    worker.once('error', (cause) => {
      end(() => reject(new LatchkeyError('ssh/key-malformed', 'the key could not be opened', { cause })));
    });
  });
}
