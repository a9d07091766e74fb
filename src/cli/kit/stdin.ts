/** Reads standard input by lines or whole, without taking more from the stream than was asked for being lost. */
export interface InputReader {
  readLine(): Promise<string | undefined>;
  readRest(): Promise<Buffer>;
  /** Lets the process end although the input is still open. */
  release(): void;
}

/** Bytes a line (a pass phrase, an answer) may have; the rest of a longer one is the next line, as with C's `fgets`. */
const MAX_LINE = 1023;
/** Bytes a whole input (a PEM request) may have. */
const MAX_INPUT = 1 << 20;

/** A reader over `stream`; nothing is read before it is asked for. */
export function inputReader(openStream: () => NodeJS.ReadableStream): InputReader {
  let buffered: Buffer = Buffer.alloc(0);
  let iterator: AsyncIterator<string | Buffer> | undefined;
  let stream: NodeJS.ReadableStream | undefined;
  const more = async (): Promise<boolean> => {
    if (iterator === undefined) {
      stream = openStream();
      iterator = stream[Symbol.asyncIterator]();
    }
    const next = await iterator.next();
    if (next.done === true) return false;
    buffered = Buffer.concat([buffered, Buffer.from(next.value)]);
    return true;
  };
  const take = (length: number): Buffer => {
    const taken = Buffer.from(buffered.subarray(0, length));
    buffered = buffered.subarray(length);
    return taken;
  };
  return {
    async readLine() {
      for (;;) {
        const newline = buffered.indexOf(0x0a);
        if (newline >= 0 && newline <= MAX_LINE) return take(newline + 1).toString('utf8', 0, newline);
        if (buffered.length >= MAX_LINE) return take(MAX_LINE).toString('utf8');
        if (!(await more()))
          return buffered.length === 0 ? undefined : take(buffered.length).toString('utf8');
      }
    },
    async readRest() {
      while (buffered.length < MAX_INPUT && (await more())) {}
      return take(MAX_INPUT);
    },
    release() {
      if (stream !== undefined && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
    },
  };
}
