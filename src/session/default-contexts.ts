import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { counted, isLatchkeyError, LatchkeyError } from '../kit/index.ts';
import { listAgentKeys, type SshPublicKey, sshFingerprint } from '../ssh/index.ts';
import { checkContext } from './check-context.ts';
import { defaultProxy } from './check-x509.ts';
import { Context } from './context.ts';
import type { Entry } from './entry.ts';
import type { Surroundings } from './surroundings.ts';

/** What was looked at and not taken, and why. */
export interface SkippedDefault {
  /** `~/.ssh/id_rsa`, `SSH_AUTH_SOCK` */
  readonly place: string;
  readonly why: string;
}

/** The user's own contexts, in the order in which they are offered. */
export interface DefaultContexts {
  readonly entries: readonly Entry[];
  readonly skipped: readonly SkippedDefault[];
}

const KEY_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * Finds what the user has: the agent, the usual ssh keys, the proxy, the bearer token, the AWS environment. What cannot be used is no
 * error but skipped, with the reason.
 */
export async function findDefaults(where: Surroundings, signal?: AbortSignal): Promise<DefaultContexts> {
  const finder = new Finder(where, signal);
  const agentKeys = await finder.agent();
  await finder.config();
  for (const name of KEY_FILES) await finder.key(join(where.home, '.ssh', name), agentKeys);
  await finder.proxy();
  await finder.token();
  await finder.ec2();
  return { entries: finder.entries, skipped: finder.skipped };
}

class Finder {
  readonly entries: Entry[] = [];
  readonly skipped: SkippedDefault[] = [];
  readonly #where: Surroundings;
  readonly #signal: AbortSignal | undefined;

  constructor(where: Surroundings, signal: AbortSignal | undefined) {
    this.#where = where;
    this.#signal = signal;
  }

  async agent(): Promise<readonly SshPublicKey[]> {
    const socket = this.#where.env.SSH_AUTH_SOCK;
    if (!socket) {
      this.#skip('SSH_AUTH_SOCK', 'it is not set: no agent');
      return [];
    }
    try {
      const keys = await listAgentKeys(socket, { signal: this.#signal });
      if (keys.length === 0) this.#skip('SSH_AUTH_SOCK', 'the agent holds no keys');
      else {
        const shown = keys.map((key) => `${key.comment || key.type} ${sshFingerprint(key)}`).join(', ');
        this.entries.push({
          ...{ name: 'default agent', kind: 'SSH', context: new Context('SSH'), scope: {}, isDefault: true },
          material: { type: 'agent', socket },
          summary: `${counted(keys.length, 'key')}: ${shown}`,
        });
      }
      return keys;
    } catch (error) {
      this.#skip('SSH_AUTH_SOCK', wordsOf(error));
      return [];
    }
  }

  async config(): Promise<void> {
    const path = join(this.#where.home, '.ssh', 'config');
    if (await exists(path)) this.#skip('~/.ssh/config', 'ssh itself reads it');
  }

  async key(path: string, agentKeys: readonly SshPublicKey[]): Promise<void> {
    if (!(await exists(path))) return this.#skip(path, 'there is no such file');
    await this.#take(path, new Context('SSH', { user_key: path }), (error) => {
      if (!isLatchkeyError(error, 'ssh/pass-phrase-needed')) return undefined;
      const isHeld = agentKeys.some((key) => key.comment === path);
      return isHeld
        ? 'it is encrypted, and the agent holds it'
        : 'it is encrypted: add it to an agent (ssh-add)';
    });
  }

  async proxy(): Promise<void> {
    const { files, environment } = await defaultProxy(this.#where);
    const [path] = files;
    if (!this.#where.env.X509_USER_PROXY && !(await exists(path))) {
      return this.#skip(environment.X509_USER_PROXY ?? path, 'there is no such file');
    }
    await this.#take(path, new Context('X509'));
  }

  async token(): Promise<void> {
    await this.#take('bearer token', new Context('Token'), (error) =>
      isLatchkeyError(error, 'tokens/not-found') ? `none was found: ${hintOf(error)}` : undefined,
    );
  }

  async ec2(): Promise<void> {
    const { env } = this.#where;
    const families = [
      { id: 'AWS_ACCESS_KEY_ID', key: 'AWS_SECRET_ACCESS_KEY', url: 'AWS_ENDPOINT_URL_EC2' },
      { id: 'EC2_ACCESS_KEY', key: 'EC2_SECRET_KEY', url: 'EC2_URL' },
    ] as const;
    const family = families.find(({ id, key }) => env[id] || env[key]);
    if (family === undefined) return this.#skip('AWS_ACCESS_KEY_ID', 'it is not set');
    const { id, key, url } = family;
    const context = new Context('EC2', {
      user_id: env[id] || undefined,
      user_key: env[key] ? { env: key } : undefined,
      server: env[url] || undefined,
      session_token: env.AWS_SESSION_TOKEN && id.startsWith('AWS') ? { env: 'AWS_SESSION_TOKEN' } : undefined,
    });
    await this.#take(id, context);
  }

  async #take(
    place: string,
    context: Context,
    explain: (error: unknown) => string | undefined = () => undefined,
  ): Promise<void> {
    const name = `default ${context.type}${context.type === 'SSH' ? ` ${place.replace(/.*\//, '')}` : ''}`;
    try {
      const checked = await checkContext(context, name, this.#where, this.#signal);
      this.entries.push({ ...checked, name, kind: context.type, context, scope: {}, isDefault: true });
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      const cause = error.cause ?? error;
      this.#skip(place, explain(cause) ?? wordsOf(cause));
    }
  }

  #skip(place: string, why: string): void {
    this.skipped.push({ place: shortened(place, this.#where.home), why });
  }
}

function shortened(path: string, home: string): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hintOf(error: LatchkeyError): string {
  return error.hint ?? error.message;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
