import type { EventEmitter } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { LatchkeyError } from '../../kit/index.ts';

/** What is used of the npm package `ssh2` 1.17, which has no types of its own. */
export interface Ssh2Module {
  readonly Client: new () => Ssh2Client;
  readonly BaseAgent: new () => object;
  createAgent(socketPath: string): Ssh2Agent;
  readonly utils: { parseKey(data: string, passPhrase?: string): Ssh2Key | Error };
}

/** A key that the package has parsed. */
export interface Ssh2Key {
  readonly type: string;
  getPublicSSH(): Buffer;
}

export interface Ssh2Agent {
  getIdentities(done: (error: Error | null, keys?: readonly Ssh2Key[]) => void): void;
  sign(
    key: Ssh2Key,
    data: Buffer,
    options: { readonly hash?: string },
    done: (error: Error | null, signature?: Buffer) => void,
  ): void;
}

export interface Ssh2Channel extends Duplex {
  readonly stderr: Readable;
  close(): void;
}

type WithChannel = (error: Error | undefined, channel: Ssh2Channel) => void;
type Done = (error?: Error) => void;

export interface Ssh2Client extends EventEmitter {
  connect(config: Readonly<Record<string, unknown>>): void;
  exec(command: string, done: WithChannel): void;
  subsys(name: string, done: WithChannel): void;
  forwardOut(fromHost: string, fromPort: number, host: string, port: number, done: WithChannel): void;
  openssh_forwardOutStreamLocal(path: string, done: WithChannel): void;
  forwardIn(host: string, port: number, done: (error: Error | undefined, port: number) => void): void;
  unforwardIn(host: string, port: number, done: Done): void;
  openssh_forwardInStreamLocal(path: string, done: Done): void;
  openssh_unforwardInStreamLocal(path: string, done: Done): void;
  setNoDelay(on: boolean): void;
  end(): void;
  destroy(): void;
}

/** Loads the package when it is first needed. @throws LatchkeyError `ssh/unsupported` where it is not installed */
export async function loadSsh2(): Promise<Ssh2Module> {
  try {
    return (await import('./ssh2-package.ts')).ssh2Package;
  } catch (cause) {
    throw new LatchkeyError('ssh/unsupported', 'the package "ssh2" is not installed', {
      cause,
      hint: 'npm install ssh2, or use the OpenSSH back-end, which needs the program ssh',
    });
  }
}
