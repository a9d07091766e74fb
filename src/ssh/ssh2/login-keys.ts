import { constants, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isLatchkeyError, LatchkeyError, quote, type Secret } from '../../kit/index.ts';
import { inspectSshKey, openSshKey, type SshPrivateKey } from '../keys/index.ts';
import type { SecretSource, SshCredential } from '../options.ts';
import type { Ssh2Agent, Ssh2Key, Ssh2Module } from './ssh2-module.ts';

/** A key that a login offers, and who signs with it. Files are opened only when the server takes their key. */
interface OfferedKey {
  readonly agent: Ssh2Agent;
}

/** What is offered, in order, and what could not be. */
export interface OfferedKeys {
  readonly keys: readonly OfferedKey[];
  readonly troubles: readonly string[];
}

const DEFAULT_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** The keys of a credential: the named files (through the agent where it has them), then the agent's others. */
export async function offeredKeys(
  ssh2: Ssh2Module,
  credential: SshCredential,
  onTrouble: (error: LatchkeyError) => void,
): Promise<OfferedKeys> {
  const troubles: string[] = [];
  const socket = credential.agentSocket ?? process.env.SSH_AUTH_SOCK;
  const agent =
    socket === undefined || socket === '' || socket === 'none' ? undefined : ssh2.createAgent(socket);
  const held =
    agent === undefined
      ? []
      : await identities(agent).catch((error: Error) => {
          troubles.push(`the agent cannot be used: ${error.message}`);
          return [];
        });
  const isNamed = credential.identityFiles !== undefined;
  const files = credential.identityFiles ?? DEFAULT_FILES.map((name) => join(homedir(), '.ssh', name));
  const keys: OfferedKey[] = [];
  const used = new Set<Ssh2Key>();
  for (const file of files) {
    const offered = await fileKey(ssh2, file, credential, onTrouble).catch((error: unknown) => {
      // Default files need not be there.
      const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (isNamed || !isAbsent) troubles.push(`${quote(file)}: ${(error as Error).message}`);
      return undefined;
    });
    if (offered === undefined) continue;
    const inAgent = held.find((key) => key.getPublicSSH().equals(offered.key.getPublicSSH()));
    if (inAgent !== undefined && agent !== undefined) {
      used.add(inAgent);
      keys.push({ agent: one(ssh2, inAgent, agent) });
    } else keys.push({ agent: offered.agent });
  }
  const others = credential.isExclusive || agent === undefined ? [] : held.filter((key) => !used.has(key));
  for (const key of others) if (agent !== undefined) keys.push({ agent: one(ssh2, key, agent) });
  return { keys, troubles };
}

function identities(agent: Ssh2Agent): Promise<readonly Ssh2Key[]> {
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys) => (error ? reject(error) : resolve(keys ?? [])));
  });
}

/** An agent that knows one key only: so each key is offered by itself, in our order. */
function one(ssh2: Ssh2Module, key: Ssh2Key, agent: Pick<Ssh2Agent, 'sign'>): Ssh2Agent {
  return Object.assign(new ssh2.BaseAgent(), {
    getIdentities: (done: (error: Error | null, keys: readonly Ssh2Key[]) => void) => done(null, [key]),
    sign: agent.sign.bind(agent),
  });
}

async function fileKey(
  ssh2: Ssh2Module,
  file: string,
  credential: SshCredential,
  onTrouble: (error: LatchkeyError) => void,
): Promise<{ readonly key: Ssh2Key; readonly agent: Ssh2Agent }> {
  const text = await readFile(file, 'utf8');
  const open = async (): Promise<SshPrivateKey> =>
    openSshKey(text, { passPhrase: await secretOf(credential.passPhrases?.get(file)) });
  const { publicKey = (await open()).publicKey } = inspectSshKey(text);
  const key = ssh2.utils.parseKey(`${publicKey.type} ${publicKey.blob.toString('base64')}`);
  if (key instanceof Error) throw key;
  const agent = one(ssh2, key, {
    sign: (_key, data, { hash }, done) => {
      open().then(
        (opened) => done(null, signature(opened, data, hash)),
        (error: Error) => {
          onTrouble(
            isLatchkeyError(error) ? error : new LatchkeyError('ssh/denied', error.message, { cause: error }),
          );
          done(error);
        },
      );
    },
  });
  return { key, agent };
}

/** What goes into the login: ssh2 itself turns the DER of ECDSA into what the wire wants. */
function signature({ privateKey, publicKey }: SshPrivateKey, data: Buffer, hash = 'sha1'): Buffer {
  if (privateKey === undefined)
    throw new LatchkeyError('ssh/unsupported', `keys of type ${publicKey.type} cannot be used here`);
  const curve = /nistp(\d+)$/.exec(publicKey.type)?.[1];
  const digests: Readonly<Record<string, string>> = { 256: 'sha256', 384: 'sha384', 521: 'sha512' };
  if (publicKey.type === 'ssh-ed25519') return sign(null, data, privateKey);
  if (curve !== undefined) return sign(digests[curve] ?? 'sha256', data, privateKey);
  return sign(hash, data, { key: privateKey, padding: constants.RSA_PKCS1_PADDING });
}

/** The secret that a source gives. */
export async function secretOf(source: SecretSource | undefined): Promise<Secret | undefined> {
  return typeof source === 'function' ? source() : source;
}
