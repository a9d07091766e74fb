import { LatchkeyError } from '../../kit/index.ts';
import { commandStopped, DEFAULT_TIMEOUT_MS, type StopReason } from '../command-error.ts';
import type { CommandOptions, CommandResult } from '../transport.ts';
import type { CommandText } from './frame.ts';
import { Lane, type LaneHost } from './lane.ts';

/** Shells kept open at once: below sshd's MaxSessions of 10, with room for files and followed programs. */
const MAX_LANES = 4;
/** Commands that may wait for one. */
const MAX_WAITING = 10_000;
const OPEN_TIMEOUT_MS = 30_000;

interface Waiting {
  resolve(lane: Lane): void;
  reject(error: Error): void;
}

/** The kept shells of one login. A command takes an idle one; shells are opened as they are needed. */
export class LanePool {
  readonly #host: LaneHost;
  #idle: Lane[] = [];
  readonly #lanes = new Set<Lane>();
  readonly #waiting: Waiting[] = [];
  #opening = 0;
  #limit = MAX_LANES;
  #isClosed = false;

  constructor(host: LaneHost) {
    this.#host = host;
  }

  async run(command: CommandText, options: CommandOptions): Promise<CommandResult> {
    const lane = await this.#take(options);
    try {
      return await lane.run(command, options);
    } finally {
      this.#give(lane);
    }
  }

  /** Opens the first shell, so that the first command finds one. */
  async warm(): Promise<void> {
    this.#give(await this.#take({}));
  }

  /** Ends all shells; what runs in them is told as lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const lane of this.#lanes) lane.close();
    this.#lanes.clear();
    this.#idle = [];
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost());
  }

  #take(options: CommandOptions): Promise<Lane> {
    const { signal } = options;
    if (this.#isClosed) return Promise.reject(this.#lost());
    if (signal?.aborted) return Promise.reject(commandStopped('cancelled', options, 'no'));
    for (let lane = this.#idle.pop(); lane !== undefined; lane = this.#idle.pop()) {
      if (!lane.isDead) return Promise.resolve(lane);
      this.#lanes.delete(lane);
    }
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(
        new LatchkeyError('ssh/command', `${MAX_WAITING} commands are waiting already`, {
          retryable: true,
          details: { ran: 'no' },
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        resolve: (lane) => {
          release();
          resolve(lane);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      };
      const giveUp = (reason: StopReason) => {
        const at = this.#waiting.indexOf(waiting);
        if (at >= 0) this.#waiting.splice(at, 1);
        waiting.reject(commandStopped(reason, options, 'no'));
      };
      const onAbort = () => giveUp('cancelled');
      // Whoever has so much time for a command does not wait longer than that for its turn.
      const limit = Math.min(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, 2 ** 31 - 1);
      const timer = setTimeout(() => giveUp('timed-out'), limit);
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#openMore();
    });
  }

  #give(lane: Lane): void {
    if (lane.isDead || this.#isClosed) {
      lane.close();
      this.#lanes.delete(lane);
      this.#openMore();
      return;
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next.resolve(lane);
  }

  #openMore(): void {
    while (
      !this.#isClosed &&
      this.#waiting.length > this.#opening &&
      this.#lanes.size + this.#opening < this.#limit
    ) {
      this.#opening += 1;
      Lane.open(this.#host, OPEN_TIMEOUT_MS).then(
        (lane) => {
          this.#opening -= 1;
          this.#lanes.add(lane);
          this.#give(lane);
        },
        async (error: Error) => {
          const isLost = !(await this.#host.isAlive());
          this.#opening -= 1;
          if (isLost) return this.close();
          // With some shells open, a refusal means that the server allows no more of them; otherwise it is the answer.
          if (this.#lanes.size > 0) this.#limit = Math.max(1, this.#lanes.size);
          else if (this.#opening === 0) for (const { reject } of this.#waiting.splice(0)) reject(error);
        },
      );
    }
  }

  #lost(): LatchkeyError {
    return new LatchkeyError('ssh/lost', 'the connection was lost before the command ran', {
      retryable: true,
      details: { ran: 'no' },
      cause: this.#host.lostCause(),
    });
  }
}
