import { createServer } from 'node:net';
import { LatchkeyError } from '../../../kit/index.ts';
import type { PortRange } from '../settings/model-server-settings.ts';

/** A port that somebody else was found on is left alone for so long. */
const QUARANTINE_MS = 60_000;

/** The ports of a range: each is one job's, rests longest before it is used again, and is asked before it is given out. */
export class PortPool {
  readonly #host: string;
  readonly #probe: (host: string, port: number) => Promise<boolean>;
  /** Those that nobody has, longest unused first. */
  readonly #free: number[];
  readonly #barredUntil = new Map<number, number>();
  readonly #range: PortRange;

  /** @param probe whether a port can be bound */
  constructor(range: PortRange, host: string, probe = canBind) {
    this.#range = range;
    this.#host = host;
    this.#probe = probe;
    this.#free = Array.from({ length: range.last - range.first + 1 }, (_, n) => range.first + n);
  }

  /** @throws LatchkeyError `remote/full` when none can be had */
  async take(now: number): Promise<number> {
    for (let tries = this.#free.length; tries > 0; tries -= 1) {
      const port = this.#free.shift();
      if (port === undefined) break;
      const isBarred = (this.#barredUntil.get(port) ?? 0) > now;
      if (!isBarred && (await this.#probe(this.#host, port))) return port;
      if (!isBarred) this.#barredUntil.set(port, now + QUARANTINE_MS);
      this.#free.push(port);
    }
    const { first, last } = this.#range;
    throw new LatchkeyError('remote/full', `no port from ${first} to ${last} is free on ${this.#host}`, {
      hint: 'other programs hold them, or there are fewer ports than jobs: give the server more',
      retryable: true,
    });
  }

  /** A job has the port that another server gave it. */
  claim(port: number): void {
    const at = this.#free.indexOf(port);
    if (at !== -1) this.#free.splice(at, 1);
  }

  /** The job is gone. */
  give(port: number): void {
    if (port >= this.#range.first && port <= this.#range.last && !this.#free.includes(port))
      this.#free.push(port);
  }

  /** Somebody else is on it. */
  bar(port: number, now: number): void {
    this.#barredUntil.set(port, now + QUARANTINE_MS);
    this.give(port);
  }
}

/** Binds and lets go. Somebody may still come in between: the proof that the job answers there finds that. */
function canBind(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
