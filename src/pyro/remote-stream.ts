import { isLatchkeyError } from '../kit/index.ts';
import type { CallOptions } from './connect-options.ts';
import { streamCall } from './invocation.ts';
import type { ObjectLine } from './object-line.ts';
import { RemoteError } from './remote-exception.ts';
import type { PyroValue } from './value.ts';

/** The items of a remote generator, fetched one by one. It begins with the first `next`. */
export class RemoteStream implements AsyncIterableIterator<PyroValue> {
  readonly #line: ObjectLine;
  readonly #start: () => Promise<string>;
  readonly #options: CallOptions | undefined;
  #id: Promise<string> | undefined;
  #isOver = false;

  constructor(line: ObjectLine, start: () => Promise<string>, options: CallOptions | undefined) {
    this.#line = line;
    this.#start = start;
    this.#options = options;
  }

  async next(): Promise<IteratorResult<PyroValue>> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      this.#id ??= this.#start();
      const id = await this.#id;
      const timeoutMs = this.#options?.timeoutMs ?? this.#line.timeoutMs;
      const { signal } = this.#options ?? {};
      const value = await this.#line.invoke(
        streamCall('get_next_stream_item', id, {}, timeoutMs, signal),
        false,
      );
      return { done: false, value: value as PyroValue };
    } catch (error) {
      const isEnd = error instanceof RemoteError && /^(StopIteration|GeneratorExit)$/.test(error.shortType);
      // Given up or too late, it is still open there.
      if (!(error instanceof RemoteError)) await this.return();
      this.#isOver = true;
      if (isEnd) return { done: true, value: undefined };
      throw error;
    }
  }

  /** Ends the stream early; the generator there cleans up. */
  async return(): Promise<IteratorResult<PyroValue>> {
    const wasOver = this.#isOver;
    this.#isOver = true;
    if (!wasOver && this.#id !== undefined) {
      try {
        await this.#line.send(streamCall('close_stream', await this.#id, {}));
      } catch (error) {
        // With the connection the stream has ended, too.
        if (!isLatchkeyError(error)) throw error;
      }
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
