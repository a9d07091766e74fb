import { connect } from 'node:net';
import { LatchkeyError, quote } from '../../kit/index.ts';
import { publicKeyFromBlob, type SshPublicKey } from './public-key.ts';
import { WireReader } from './wire-reader.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const MAX_ANSWER = 1 << 20;

/** How {@link listAgentKeys} asks. */
export interface AgentOptions {
  /** Milliseconds; default 3000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The public keys that an ssh-agent holds (RFC draft-miller-ssh-agent §3.5). Keys of kinds that are not known here are left out.
 *
 * @param socket path of its socket, `SSH_AUTH_SOCK`
 * @throws LatchkeyError `ssh/unreachable` when nobody answers there, or not like an agent
 */
export async function listAgentKeys(
  socket: string,
  options: AgentOptions = {},
): Promise<readonly SshPublicKey[]> {
  const reader = new WireReader(await ask(socket, options));
  try {
    if (reader.take(1)[0] !== IDENTITIES_ANSWER) throw unreachable(socket, 'it refused to list its keys');
    const keys: SshPublicKey[] = [];
    for (let left = reader.uint32(); left > 0; left -= 1) {
      const [blob, comment] = [reader.string(), reader.text()];
      const key = known(blob, comment);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  } catch (cause) {
    throw cause instanceof LatchkeyError && cause.code === 'ssh/unreachable'
      ? cause
      : unreachable(socket, 'its answer cannot be read', cause);
  }
}

function known(blob: Buffer, comment: string): SshPublicKey | undefined {
  try {
    return publicKeyFromBlob(blob, comment);
  } catch {
    return undefined;
  }
}

/** One request, one answer, without its length. */
function ask(path: string, { timeoutMs = 3000, signal }: AgentOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, ...(signal === undefined ? {} : { signal }) });
    let received: Buffer = Buffer.alloc(0);
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy();
      reject(unreachable(path, why, cause));
    };
    socket.setTimeout(timeoutMs, () => fail('it does not answer'));
    socket.once('error', (cause) => fail(cause.message, cause));
    socket.once('close', () => fail('it hung up'));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 4 ? undefined : received.readUInt32BE();
      if (length !== undefined && length > MAX_ANSWER) return fail('its answer is too long');
      if (length === undefined || received.length < 4 + length) return;
      resolve(received.subarray(4, 4 + length));
      socket.destroy();
    });
    socket.write(Buffer.of(0, 0, 0, 1, REQUEST_IDENTITIES));
  });
}

function unreachable(socket: string, why: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('ssh/unreachable', `the ssh-agent at ${quote(socket)} cannot be used: ${why}`, {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
