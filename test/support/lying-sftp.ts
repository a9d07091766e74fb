import { PassThrough } from 'node:stream';
import type { SftpStreams } from '../../src/ssh/index.ts';

/** Types of requests (draft-ietf-secsh-filexfer-02 §3). */
const REQUEST = {
  open: 3,
  close: 4,
  read: 5,
  lstat: 7,
  opendir: 11,
  readdir: 12,
  remove: 13,
  rmdir: 15,
  realpath: 16,
  stat: 17,
} as const;

/** What the stand-in answers instead of what an honest server would: the packet without length and id. */
export type Lies = Partial<Record<keyof typeof REQUEST, (body: Buffer) => Buffer>>;

/** A stand-in for an sftp server: one plain file of ten bytes everywhere, and what a test makes of it. */
export function lyingSftp(lies: Lies): SftpStreams {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  let pending = Buffer.alloc(0);
  stdin.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const packet = pending.subarray(4, 4 + pending.readUInt32BE(0));
      pending = pending.subarray(4 + packet.length);
      if (packet[0] === 1) stdout.write(framed(Buffer.concat([Buffer.of(2), uint32(3)])));
      else stdout.write(answer(packet, lies));
    }
  });
  return { stdin, stdout };
}

const OK = Buffer.concat([Buffer.of(101), uint32(0), text(''), text('')]);
/** Size and mode of what there is. */
export function attributes(size: number, mode: number): Buffer {
  return Buffer.concat([uint32(1 | 4), uint32(0), uint32(size), uint32(mode)]);
}
/** `SSH_FXP_NAME`. */
export function names(...list: readonly { readonly name: string; readonly mode: number }[]): Buffer {
  const entries = list.flatMap(({ name, mode }) => [text(name), text(name), attributes(0, mode)]);
  return Buffer.concat([Buffer.of(104), uint32(list.length), ...entries]);
}
/** `SSH_FXP_DATA` of so many zeros. */
export function zeros(length: number): Buffer {
  return Buffer.concat([Buffer.of(103), uint32(length), Buffer.alloc(length)]);
}

const HONEST: Record<keyof typeof REQUEST, (body: Buffer) => Buffer> = {
  open: () => Buffer.concat([Buffer.of(102), text('h')]),
  opendir: () => Buffer.concat([Buffer.of(102), text('d')]),
  close: () => OK,
  remove: () => OK,
  rmdir: () => OK,
  read: () => zeros(10),
  readdir: () => Buffer.concat([Buffer.of(101), uint32(1), text('end'), text('')]),
  realpath: () => names({ name: '/home', mode: 0o40700 }),
  stat: () => Buffer.concat([Buffer.of(105), attributes(10, 0o100644)]),
  lstat: () => Buffer.concat([Buffer.of(105), attributes(10, 0o100644)]),
};

function answer(packet: Buffer, lies: Lies): Buffer {
  const name = (Object.keys(REQUEST) as (keyof typeof REQUEST)[]).find((each) => REQUEST[each] === packet[0]);
  const body = packet.subarray(5);
  const [type = 101, ...rest] = name === undefined ? OK : (lies[name] ?? HONEST[name])(body);
  return framed(Buffer.concat([Buffer.of(type), packet.subarray(1, 5), Buffer.from(rest)]));
}

function framed(packet: Buffer): Buffer {
  return Buffer.concat([uint32(packet.length), packet]);
}

function text(value: string): Buffer {
  return Buffer.concat([uint32(Buffer.byteLength(value)), Buffer.from(value)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
