import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../../kit/index.ts';
import { type Attributes, encodeAttributes, kindOf, readAttributes } from './attributes.ts';
import { FieldReader, string, uint32, uint64 } from './fields.ts';
import {
  encodeRequest,
  encodeWriteHeader,
  MAX_PACKET_BYTES,
  PacketCutter,
  parseReply,
  parseVersion,
  REQUEST,
} from './packet.ts';

const number32 = fc.integer({ min: 0, max: 0xffffffff });
const PLAIN = { noNullPrototype: true } as const;
const attributes: fc.Arbitrary<Attributes> = fc.record(
  {
    size: fc.maxSafeNat(),
    owner: fc.record({ uid: number32, gid: number32 }, PLAIN),
    permissions: number32,
    times: fc.record({ accessed: number32, modified: number32 }, PLAIN),
  },
  { requiredKeys: [], ...PLAIN },
);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

/** A packet as it is on the wire. */
function wire(type: number, ...fields: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.of(type), ...fields]);
  return Buffer.concat([uint32(body.length), body]);
}

/** Cuts bytes at the given places and feeds them piece by piece. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const cutter = new PacketCutter();
  const ends = [...places.map((place) => place % (stream.length + 1)), stream.length].sort((a, b) => a - b);
  let from = 0;
  return ends.flatMap((end) => {
    const piece = stream.subarray(from, end);
    from = end;
    return [...cutter.push(piece)].map((packet) => Buffer.concat(packet));
  });
}

test('attributes come back as they were, and what was not told stays away', () => {
  fc.assert(
    fc.property(attributes, (given) => {
      const reader = new FieldReader(encodeAttributes(given));
      assert.deepEqual(readAttributes(reader), given);
      assert.equal(reader.left, 0);
    }),
  );
});

test('extended attributes are passed over', () => {
  const encoded = [uint32(0x80000004), uint32(0o100644), uint32(1), string('a@b'), string('c'), uint32(7)];
  const reader = new FieldReader(Buffer.concat(encoded));
  assert.deepEqual(readAttributes(reader), { permissions: 0o100644 });
  assert.equal(reader.uint32(), 7);
});

test('kinds are those of the type bits', () => {
  const kinds = [0o100600, 0o040755, 0o120777, 0o010644, 0o020666, 0o060660, 0o140755].map((permissions) =>
    kindOf({ permissions }),
  );
  assert.deepEqual(kinds, ['file', 'directory', 'link', 'other', 'other', 'other', 'other']);
});

test('packets are the same, whatever pieces they arrive in', () => {
  fc.assert(
    fc.property(
      fc.array(bytes, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (bodies, places) => {
        const packets = bodies.map((body) => wire(103, uint32(1), string(body)));
        assert.deepEqual(
          cut(Buffer.concat(packets), places),
          packets.map((packet) => packet.subarray(4)),
        );
      },
    ),
  );
});

test('answers are read as they were written, data also in pieces', () => {
  fc.assert(
    fc.property(number32, bytes, fc.array(attributes), fc.nat({ max: 300 }), (id, body, list, place) => {
      const read = (type: number, ...fields: Buffer[]) =>
        parseReply([wire(type, uint32(id), ...fields).subarray(4)]);
      assert.deepEqual(read(101, uint32(4), string('Failure'), string('')), {
        id,
        reply: { kind: 'status', code: 4, message: 'Failure' },
      });
      const short = body.subarray(0, 256);
      assert.deepEqual(read(102, string(short)), { id, reply: { kind: 'handle', handle: short } });
      const entries = list.map((each, n) => ({ name: Buffer.from(`é${n}`), attributes: each }));
      const encoded = entries.flatMap((entry) => [
        string(entry.name),
        string('-rw-r--r-- 1 …'),
        encodeAttributes(entry.attributes),
      ]);
      assert.deepEqual(read(104, uint32(entries.length), ...encoded), {
        id,
        reply: { kind: 'names', entries },
      });
      const data = wire(103, uint32(id), string(body)).subarray(4);
      const at = Math.min(place, data.length);
      const pieces = [data.subarray(0, at), data.subarray(at)].filter((piece) => piece.length > 0);
      const { reply } = parseReply(pieces);
      assert.ok(reply.kind === 'data' && reply.length === body.length);
      assert.deepEqual(Buffer.concat(reply.pieces), body);
    }),
  );
});

test('whatever a server sends is an answer or refused as a lost connection', () => {
  const isHandled = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      assert.ok(isLatchkeyError(error, 'ssh/lost'), String(error));
    }
  };
  fc.assert(
    fc.property(
      fc.constantFrom(2, 101, 102, 103, 104, 105, 201, 77),
      fc.uint8Array({ maxLength: 80 }),
      (type, rest) => {
        const packet = Buffer.from([type, ...rest]);
        isHandled(() => parseReply([packet]));
        isHandled(() => parseReply([packet.subarray(0, 3), packet.subarray(3)]));
        isHandled(() => parseVersion([packet]));
        isHandled(() => [...new PacketCutter().push(Buffer.from(rest))]);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a count or length that the packet cannot hold costs nothing', () => {
  for (const fields of [
    [104, uint32(1), uint32(0xffffffff)],
    [105, uint32(1), uint32(0x80000000), uint32(0xffffffff)],
    [102, uint32(1), uint32(0xfffffff0)],
  ] as const) {
    const [type, ...rest] = fields;
    assert.throws(() => parseReply([wire(type, ...rest).subarray(4)]), { code: 'ssh/lost' });
  }
});

test('a packet longer than any server sends is refused at its length', () => {
  assert.throws(() => [...new PacketCutter().push(uint32(MAX_PACKET_BYTES * 2))], { code: 'ssh/lost' });
  assert.throws(() => [...new PacketCutter().push(uint32(0))], { code: 'ssh/lost' });
});

test('text of a start-up file is shown, with what to do about it', () => {
  assert.throws(() => [...new PacketCutter().push(Buffer.from('Welcome to the cluster!\n'))], {
    code: 'ssh/lost',
    message: 'the sftp server sent text instead of packets: "Welcome to the cluster!\\n"',
    hint: /start-up file/,
  });
});

test('the version and the extensions of OpenSSH 9.2', () => {
  const packet = wire(
    2,
    uint32(3),
    string('posix-rename@openssh.com'),
    string('1'),
    string('statvfs@openssh.com'),
    string('2'),
  );
  const { version, extensions } = parseVersion([packet.subarray(4)]);
  assert.equal(version, 3);
  assert.deepEqual(
    [...extensions],
    [
      ['posix-rename@openssh.com', '1'],
      ['statvfs@openssh.com', '2'],
    ],
  );
});

test('requests are those of the draft, byte for byte', () => {
  assert.equal(encodeRequest(REQUEST.init, 3, []).toString('hex'), '000000050100000003');
  const handle = Buffer.of(0, 0, 0, 9);
  assert.equal(
    encodeRequest(REQUEST.read, 7, [string(handle), uint64(2 ** 32 + 1), uint32(255)]).toString('hex'),
    '0000001905000000070000000400000009000000010000000' + '1000000ff',
  );
  assert.equal(
    encodeWriteHeader(7, handle, 5, 3).toString('hex'),
    '0000001c06000000070000000400000009000000000000000500000003',
  );
});
