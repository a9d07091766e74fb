import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import { connectObject, type RemoteObject } from '../../src/pyro/index.ts';
import { latchkeyExecutable } from './our-tools.ts';
import { endTree } from './processes.ts';
import { endsWith, workspace } from './workspace.ts';

/** `latchkey models run` as a process of its own. */
export interface ModelServerProcess {
  readonly process: ChildProcess;
  readonly directory: string;
  readonly uri: string;
  readonly key: Secret;
  /** What it has said so far. */
  said(): string;
  /** A client as any other, through the public door. */
  connect(): Promise<RemoteObject>;
}

/** Starts it and waits until it is ready. */
export async function modelServerProcess(
  t: TestContext,
  args: readonly string[],
  given?: { readonly directory?: string; readonly key?: Secret; readonly cwd?: string },
): Promise<ModelServerProcess> {
  const directory = given?.directory ?? join(workspace(t), 'models');
  const words = ['models', 'run', '-D', directory, ...args];
  const child = spawn(process.execPath, [latchkeyExecutable, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: given?.cwd,
  });
  const { pid = 0 } = child;
  endsWith(t, directory, () => endTree(pid, directory));
  let said = '';
  const uri = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: string) => {
      said += chunk;
      const [, found] = /is ready: (\S+)/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${said}`)));
  });
  const key = given?.key ?? new Secret(readFileSync(join(directory, 'key'), 'utf8').trim());
  const connect = async () => {
    const access = uri.includes('./u:') ? { token: key } : { hmacKey: key, version: 4 as const };
    // The wire's quickest serializer has no bytes, which files are.
    const client = await connectObject(uri, { ...access, serializer: 'msgpack' });
    endsWith(t, directory, () => client.close());
    return client;
  };
  return { process: child, directory, uri, key, said: () => said, connect };
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs another command of `latchkey`; its exit code and outputs. */
export async function latchkey(args: readonly string[]): Promise<Outcome> {
  return await latchkeyWith(args, process.env);
}

/** The same in an environment of its own. */
export async function latchkeyWith(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const child = spawn(process.execPath, [latchkeyExecutable, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}
