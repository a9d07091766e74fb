import type { MessageReader } from './message-reader.ts';

/** Bytes as they arrive from a peer. Chunk borders mean nothing. */
export interface ByteSource {
  /**
   * The next chunk, or undefined once the peer has closed. Called again only after the last call has settled;
   * a rejection means that the connection broke.
   */
  read(): Promise<Uint8Array | undefined>;
}

/** Who is at the other end of a connection, as far as TLS tells. Nothing in it has been validated. */
export interface PeerInfo {
  /** The certificates the peer sent, DER, leaf first; empty for an anonymous client. */
  readonly certificates: readonly Buffer[];
  /** The peer's IP address. */
  readonly address: string;
  readonly port?: number;
  /** `TLSv1.2`, `TLSv1.3`. */
  readonly tlsVersion?: string;
  /** The host name as the user typed it; only a client knows it. */
  readonly hostname?: string;
}

/** One authenticated connection, as the conversations see it. Both ends use it; it hides sockets and TLS. */
export interface Wire {
  /** Sends one message as one burst, and resolves when it is flushed. A peer's C reader takes a burst for a message. */
  write(message: Uint8Array): Promise<void>;
  readonly reader: MessageReader;
  readonly peer: PeerInfo;
  /** Closes without a TLS close_notify, as the C server does (MyProxyClient depends on it). Safe to call twice. */
  close(): void;
}

/** A {@link ByteSource} over anything that iterates asynchronously, such as a socket. */
export function byteSourceOf(chunks: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  return {
    read: async () => {
      const next = await iterator.next();
      return next.done === true ? undefined : next.value;
    },
  };
}
