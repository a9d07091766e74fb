import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { havePeers } from './peers.ts';

/** Debian's own Python, where its packages are; another one may come first in PATH. */
const PYTHON = '/usr/bin/python3';

/** True when the modules are there; otherwise as {@link havePeers}, which names their packages. */
export function havePython(t: TestContext, modules: readonly string[], ...packages: string[]): boolean {
  const { status } = spawnSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  return status === 0 || havePeers(t, ...packages);
}

/** A Python program that answers each line of JSON with one. */
export interface PythonAnswers {
  ask(question: unknown): Promise<unknown>;
}

/** Starts `script`; it ends with the test. */
export function pythonAnswers(t: TestContext, script: string): PythonAnswers {
  const child = spawn(PYTHON, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.after(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  });
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ask(question) {
      turn = turn.then(async () => {
        child.stdin.write(`${JSON.stringify(question)}\n`);
        const { value, done } = await lines.next();
        if (done === true) throw new Error('the Python program has ended');
        return JSON.parse(value) as unknown;
      });
      return turn;
    },
  };
}
