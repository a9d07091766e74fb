// What the operators of the two hosts do: run a model server there. Each host is entered by the words that hosts.sh gives.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface ModelServerPlan {
  readonly name: string;
  /** Words that run a program on that host: `ip netns exec thermal`; none = this one. */
  readonly on: readonly string[];
  /** Its directory there. */
  readonly directory: string;
  /** A class (`MODULE#EXPORT`), or the command of a program. */
  readonly model: { readonly class: string } | { readonly command: readonly string[] };
}

/** A model server that is ready. */
export interface StartedModelServer {
  /** As its own host names it. */
  readonly uri: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const STOP_MS = 15_000;

/** @param latchkey path of the command */
export async function startModelServer(plan: ModelServerPlan, latchkey: string): Promise<StartedModelServer> {
  const { model } = plan;
  const words = [
    ...plan.on,
    ...[process.execPath, latchkey, 'models', 'run', '--name', plan.name, '--directory', plan.directory],
    ...('class' in model ? ['--class', model.class] : ['--', ...model.command]),
  ];
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  const uri = await readyUri(child, plan.name);
  return {
    ...{ uri, pid: child.pid ?? 0 },
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

async function readyUri(child: ChildProcess, name: string): Promise<string> {
  const said: string[] = [];
  if (child.stderr === null) throw new Error('no stderr');
  // Whoever stops reading a pipe stops the one who writes it: the lines go on being read.
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (said.length < 50) said.push(line);
      const uri = / is ready: (PYRO:\S+)/.exec(line)?.[1];
      if (uri !== undefined) resolve(uri);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`the model server ${name} ended (${code}):\n${said.join('\n')}`)),
    );
  });
}
