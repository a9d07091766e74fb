import { Service, type ServiceUrl } from '../../../../jobs/index.ts';
import type { Clock } from '../../../../kit/index.ts';
import { type BatchGround, openGround } from './batch-ground.ts';
import type { BatchHostOptions } from './batch-host.ts';

/** What submits and follows, once it is connected. */
export interface Opened {
  readonly ground: BatchGround;
  readonly service: Service;
}

/** Slower than a scheduler is asked for a single job, and quick enough for a model that has ended. */
const MOST_MS = 5000;

/** The connection of a host of models: made when it is first needed, and anew when that failed. */
export class OpenHost {
  readonly #options: BatchHostOptions;
  readonly #url: ServiceUrl;
  readonly #clock: Clock;
  #opening: Promise<Opened> | undefined;

  constructor(options: BatchHostOptions, url: ServiceUrl, clock: Clock) {
    this.#options = options;
    this.#url = url;
    this.#clock = clock;
  }

  /** @throws LatchkeyError of the connection */
  open(): Promise<Opened> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#open();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  /** Jobs go on. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.service.close();
    if (opened?.ground.isHere) await opened.ground.transport.close();
  }

  async #open(): Promise<Opened> {
    const { url, connect, directory, poll } = this.#options;
    const ground = await openGround({ url: this.#url, connect, directory });
    const service = new Service(url, {
      session: connect === undefined ? undefined : { connect },
      sandboxRoot: `${ground.root}/sandboxes`,
      poll: poll ?? { mostMs: MOST_MS },
      clock: this.#clock,
    });
    return { ground, service };
  }
}
