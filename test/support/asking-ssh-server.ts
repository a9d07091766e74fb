import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SshServer } from './sshd.ts';

/** A stand-in for an ssh server: it asks what it is told to, keeps the answers, and lets nobody in. */
export interface AskingServer {
  readonly port: number;
  /** What was answered to anything that was asked, passwords included. */
  readonly answers: readonly string[];
  /** With its host key. */
  readonly knownHosts: string;
}

interface Authentication {
  readonly method: string;
  readonly password?: string;
  reject(methods: readonly string[]): void;
  prompt(questions: readonly object[], done: (answers: readonly string[]) => void): void;
}

/** @param server whose host key it shows */
export async function askingServer(
  t: Pick<TestContext, 'after'>,
  directory: string,
  server: SshServer,
  prompts: readonly string[],
): Promise<AskingServer> {
  const { Server } = createRequire(import.meta.url)('ssh2');
  const answers: string[] = [];
  const methods = ['keyboard-interactive'];
  const asking = new Server(
    { hostKeys: [readFileSync(server.hostKey)] },
    (client: NodeJS.EventEmitter & { end(): void }) => {
      client.on('error', () => {});
      client.on('authentication', (attempt: Authentication) => {
        if (attempt.password !== undefined) answers.push(attempt.password);
        if (attempt.method !== 'keyboard-interactive') return attempt.reject(methods);
        const ask = (rest: readonly string[]) => {
          const [prompt] = rest;
          if (prompt === undefined) return attempt.reject(methods);
          attempt.prompt([{ prompt, echo: false }], (given) => {
            answers.push(...given);
            ask(rest.slice(1));
          });
        };
        ask(prompts);
      });
    },
  );
  await new Promise<void>((resolve) => asking.listen(0, '127.0.0.1', resolve));
  t.after(() => asking.close());
  const { port } = asking.address() as AddressInfo;
  const knownHosts = join(directory, `known_hosts.${port}`);
  const [type, bytes] = readFileSync(`${server.hostKey}.pub`, 'utf8').split(' ');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${type} ${bytes}\n`);
  return { port, answers, knownHosts };
}
