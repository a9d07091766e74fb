import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Secret } from '../../kit/index.ts';
import { shellWord } from '../shell/quote.ts';

/** A question, and whose it is: 0 = the target's ssh, 1 = the first jump host's, … */
interface AskedQuestion {
  readonly hop: number;
  readonly prompt: string;
}

/** Gives the secret that a question is entitled to, or nothing. */
export type Answerer = (question: AskedQuestion) => Promise<Secret | undefined>;

/** Longest question taken. */
const MAX_QUESTION_BYTES = 16 * 1024;

/**
 * The other end of the program that OpenSSH runs to ask (`SSH_ASKPASS`). Both meet at a socket in a private directory; the
 * program is told nothing but where that is, and passes the answer on to ssh through its pipe. A question is answered once
 * per login: a wrong secret is not offered twice, and whoever asks again in a loop gets nothing.
 */
export class AskpassServer {
  /** What `SSH_ASKPASS` names. */
  readonly program: string;
  readonly #server: Server;
  readonly #answer: Answerer;
  readonly #answered = new Set<string>();
  #unanswered: string[] = [];
  #rejected: string[] = [];

  private constructor(program: string, answer: Answerer) {
    this.program = program;
    this.#answer = answer;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#server.unref();
  }

  /** @param directory private (0700), and short: a socket's path has 107 bytes at most */
  static async start(directory: string, answer: Answerer): Promise<AskpassServer> {
    const socketPath = join(directory, 'ask');
    const code = join(directory, 'askpass.mjs');
    const program = join(directory, 'askpass');
    const server = new AskpassServer(program, answer);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(socketPath, resolve);
    });
    await chmod(socketPath, 0o600);
    await writeFile(code, askpassCode(socketPath), { mode: 0o600 });
    const words = [process.execPath, code].map(shellWord).join(' ');
    await writeFile(program, `#!/bin/sh\nexec ${words} "$1"\n`, { mode: 0o700 });
    return server;
  }

  /** A new login begins: each question may be asked once again. */
  forget(): void {
    this.#answered.clear();
    this.#unanswered = [];
    this.#rejected = [];
  }

  /** Prompts of this login that got no answer. */
  get unanswered(): readonly string[] {
    return this.#unanswered;
  }

  /** Prompts of this login that came again after an answer: it was wrong. */
  get rejected(): readonly string[] {
    return this.#rejected;
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_QUESTION_BYTES) socket.destroy();
      else chunks.push(chunk);
    });
    socket.on('end', () => {
      socket.setTimeout(0);
      this.#reply(Buffer.concat(chunks).toString('utf8')).then(
        (secret) => {
          if (secret === undefined) socket.end('-');
          else socket.end(Buffer.concat([Buffer.from('+'), secret.reveal()]));
        },
        () => socket.end('-'),
      );
    });
  }

  async #reply(asked: string): Promise<Secret | undefined> {
    const [, hop, prompt] = /^(\d{1,3})\n([\s\S]*)$/.exec(asked) ?? [];
    if (hop === undefined || prompt === undefined) return undefined;
    const isNew = !this.#answered.has(asked);
    this.#answered.add(asked);
    const secret = isNew
      ? await this.#answer({ hop: Number(hop), prompt }).catch(() => undefined)
      : undefined;
    // ssh reads one line, and would take the rest for nothing.
    const isOneLine = secret !== undefined && !secret.reveal().includes(0x0a) && !secret.reveal().includes(0);
    if (!isNew) this.#rejected.push(prompt);
    else if (!isOneLine) this.#unanswered.push(prompt);
    return isOneLine ? secret : undefined;
  }
}

/** Run by Node with the question as its only argument; it knows no secret until it is told one. */
function askpassCode(socketPath: string): string {
  return `import { connect } from 'node:net';
const socket = connect({ path: ${JSON.stringify(socketPath)}, allowHalfOpen: true });
const chunks = [];
const fail = () => process.exit(1);
socket.on('error', fail);
socket.on('data', (chunk) => chunks.push(chunk));
socket.on('end', () => {
  const answer = Buffer.concat(chunks);
  if (answer[0] !== 0x2b) fail();
  process.stdout.write(Buffer.concat([answer.subarray(1), Buffer.from('\\n')]), () => process.exit(0));
});
socket.end((process.env.LATCHKEY_HOP ?? '0') + '\\n' + (process.argv[2] ?? ''));
`;
}
