// What operators do: a registry on the steering host, a model server on each of the two others. Each host is entered by the words that
// hosts.sh gives.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A service that is ready. */
export interface Service {
  /** Where it is, as its own host names it. */
  readonly address: string;
  stop(): Promise<void>;
}

export interface ModelServerPlan {
  readonly name: string;
  /** Words that run a program on that host: `ip netns exec thermal`; none = this one. */
  readonly on: readonly string[];
  /** Its directory there. */
  readonly directory: string;
  /** Where it finds the registry, as seen from there. */
  readonly registry: string;
  /** A class (`MODULE#EXPORT`), or the command of a program. */
  readonly model: { readonly class: string } | { readonly command: readonly string[] };
}

const STOP_MS = 15_000;

/** @param latchkey path of the command. @param place `--socket FILE`, or `--host HOST --port PORT` */
export async function startRegistry(latchkey: string, place: readonly string[]): Promise<Service> {
  return await start([process.execPath, latchkey, 'ns', 'run', ...place], / listens on (\S+), with /);
}

/** @param latchkey path of the command */
export async function startModelServer(latchkey: string, plan: ModelServerPlan): Promise<Service> {
  const { name, on, directory, registry, model } = plan;
  const options = ['--name', name, '--directory', directory, '--ns', registry];
  const job = 'class' in model ? ['--class', model.class] : ['--', ...model.command];
  return await start(
    [...on, process.execPath, latchkey, 'models', 'run', ...options, ...job],
    / is ready: (PYRO:\S+)/,
  );
}

async function start(words: readonly string[], ready: RegExp): Promise<Service> {
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  const address = await readyAddress(child, words, ready);
  return {
    address,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      // One that is frozen, or waits for a job for ever, is not waited for.
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

async function readyAddress(child: ChildProcess, words: readonly string[], ready: RegExp): Promise<string> {
  const said: string[] = [];
  // Whoever stops reading a pipe stops the one who writes it: the lines go on being read.
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (said.length < 50) said.push(line);
      const address = ready.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${words.join(' ')} ended (${code}):\n${said.join('\n')}`)),
    );
  });
}
