import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Clock, isLatchkeyError } from '../../kit/index.ts';
import { encodeAuthorizationReply, parseAuthorizationReply } from './authorization-reply.ts';
import { encodeChain } from './chain.ts';
import { MessageReader, type MessageReaderOptions } from './message-reader.ts';

/** A clock whose sleeps end when the test says so. */
function testClock() {
  const sleepers: { milliseconds: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => new Date(0),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { milliseconds, wake: () => resolve() };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          reject(signal.reason);
        });
      }),
  };
  /** Ends the one sleep that is going on, which must be of `milliseconds`. */
  const pass = async (milliseconds: number) => {
    await settle();
    assert.deepEqual(
      sleepers.map((sleeper) => sleeper.milliseconds),
      [milliseconds],
    );
    sleepers.shift()?.wake();
  };
  return { clock, pass, sleepers };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A source that gives what the test pushes. */
function scripted(...chunks: (string | Buffer)[]) {
  const queue: (Uint8Array | Error | undefined)[] = chunks.map((chunk) => Buffer.from(chunk));
  let waiting: ((item: Uint8Array | Error | undefined) => void) | undefined;
  const push = (item: string | Buffer | Error | undefined) => {
    const value = typeof item === 'string' ? Buffer.from(item) : item;
    if (waiting === undefined) queue.push(value);
    else {
      const give = waiting;
      waiting = undefined;
      give(value);
    }
  };
  const read = () =>
    new Promise<Uint8Array | undefined>((resolve, reject) => {
      const give = (item: Uint8Array | Error | undefined) => {
        if (item instanceof Error) reject(item);
        else resolve(item);
      };
      if (queue.length > 0) give(queue.shift());
      else waiting = give;
    });
  return { push, end: () => push(undefined), source: { read } };
}

function reader(options: MessageReaderOptions, ...chunks: (string | Buffer)[]) {
  const time = testClock();
  const script = scripted(...chunks);
  return { ...time, ...script, reader: new MessageReader(script.source, { clock: time.clock, ...options }) };
}

const code = (expected: string) => (error: unknown) => {
  assert.ok(isLatchkeyError(error), String(error));
  assert.equal(error.code, expected);
  return true;
};

const REQUEST = 'VERSION=MYPROXYv2\nCOMMAND=0\nUSERNAME=jane\nPASSPHRASE=secret phrase\nLIFETIME=43200';
const OK = 'VERSION=MYPROXYv2\nRESPONSE=0\n';
const der = (size: number, fill = 7) =>
  Buffer.concat([Buffer.of(0x30, 0x82, size >> 8, size & 0xff), Buffer.alloc(size, fill)]);

test('a flag, a request and a chain in one record, glued', async () => {
  const { reader: wire, end } = reader(
    {},
    Buffer.concat([Buffer.from(`0${REQUEST}\n\0`), encodeChain([der(300), der(400)])]),
  );
  await wire.delegationFlag();
  assert.equal((await wire.text()).toString(), `${REQUEST}\n`);
  end();
  assert.deepEqual(await wire.chain(), [der(300), der(400)]);
  assert.equal(await wire.atEnd(), true);
});

test('the same, byte by byte', async () => {
  const reply = encodeAuthorizationReply({
    method: 'X509_certificate',
    signature: Buffer.alloc(256, 1),
    chain: [der(300)],
  });
  const pem = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  const all = Buffer.concat([
    Buffer.from(`0${REQUEST}\n\0`),
    der(300),
    reply,
    encodeChain([der(300), der(400)]),
    Buffer.from(`${OK}\0${pem}\0`),
  ]);
  const bytes = [...all].map((byte) => Buffer.of(byte));
  const { reader: wire, end } = reader({}, ...bytes);
  end();
  await wire.delegationFlag();
  assert.equal((await wire.text()).toString(), `${REQUEST}\n`);
  assert.deepEqual(await wire.der(), der(300));
  assert.deepEqual(await wire.authorizationReply(), reply);
  assert.deepEqual(await wire.chain(), [der(300), der(400)]);
  assert.equal(await wire.nextIsText(), true);
  assert.equal((await wire.text()).toString(), OK);
  assert.equal((await wire.pem()).toString(), pem);
  await assert.rejects(wire.text(), code('myproxy/closed'));
});

test('flags: D and anything else are refused', async () => {
  await assert.rejects(reader({}, 'D').reader.delegationFlag(), code('myproxy/unsupported'));
  await assert.rejects(reader({}, REQUEST).reader.delegationFlag(), code('myproxy/malformed'));
});

test('a whole request without NUL (MyProxyClient) ends after a short silence', async () => {
  const { reader: wire, pass } = reader({}, '0', REQUEST);
  await wire.delegationFlag();
  const text = wire.text();
  await pass(150);
  assert.equal((await text).toString(), REQUEST);
});

test('a request that comes in pieces without NUL is waited for longer, so that no value is cut', async () => {
  const { reader: wire, pass, push, sleepers } = reader({}, REQUEST.slice(0, -4));
  const text = wire.text();
  await settle();
  assert.equal(sleepers[0]?.milliseconds, 150);
  push(REQUEST.slice(-4));
  await pass(1500);
  assert.equal((await text).toString(), REQUEST);
});

test('an incomplete text is given up after ten seconds of silence, and then says what is missing', async () => {
  const { reader: wire, pass } = reader({}, 'GET / HTTP/1.1\r\n\r\n');
  const text = wire.text();
  await pass(10_000);
  assert.equal((await text).toString(), 'GET / HTTP/1.1\r\n\r\n');
});

test('a text with NUL never waits', async () => {
  const { reader: wire, sleepers } = reader({}, `${REQUEST}\n\0`);
  await wire.text();
  assert.equal(sleepers.length, 0);
});

test('a closed stream ends a whole text, and breaks an incomplete one', async () => {
  const whole = reader({}, REQUEST);
  whole.end();
  assert.equal((await whole.reader.text()).toString(), REQUEST);
  const cut = reader({}, REQUEST.slice(0, 30));
  cut.end();
  await assert.rejects(cut.reader.text(), (error) => {
    assert.ok(isLatchkeyError(error, 'myproxy/closed'));
    assert.equal(error.details.betweenMessages, false);
    return true;
  });
  const none = reader({});
  none.end();
  await assert.rejects(none.reader.der(), (error) => {
    assert.ok(isLatchkeyError(error, 'myproxy/closed'));
    assert.equal(error.details.betweenMessages, true);
    return true;
  });
  const broken = reader({});
  broken.push(new Error('ECONNRESET'));
  await assert.rejects(broken.reader.text(), /the connection broke: ECONNRESET/);
});

test('a leading NUL is skipped once, and only when asked', async () => {
  const skipping = reader({ skipLeadingNul: true }, '\0', `${OK}\0`);
  assert.equal((await skipping.reader.text()).toString(), OK);
  const without = reader({ skipLeadingNul: true }, `${OK}\0`);
  assert.equal((await without.reader.text()).toString(), OK);
  const plain = reader({}, '\0', `${OK}\0`);
  assert.equal((await plain.reader.text()).length, 0);
});

test('PEM without NUL ends after its last END line, but not before the key has come', async () => {
  const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
  const { reader: wire, pass, push, sleepers } = reader({}, certificate);
  const pem = wire.pem();
  await settle();
  assert.equal(sleepers[0]?.milliseconds, 10_000);
  push(key);
  await pass(1500);
  assert.equal((await pem).toString(), certificate + key);
  const quick = reader({}, certificate + key);
  const whole = quick.reader.pem();
  await quick.pass(150);
  assert.equal((await whole).toString(), certificate + key);
});

test('a chain with a wrong count: a text ends it, what is there already is taken', async () => {
  const long = encodeChain([der(300), der(400)]);
  long[0] = 9;
  const early = reader({}, long, `${OK}\0`);
  assert.equal((await early.reader.chain()).length, 2);
  assert.equal((await early.reader.text()).toString(), OK);
  const short = encodeChain([der(300), der(400)]);
  short[0] = 1;
  const late = reader({}, short, `${OK}\0`);
  assert.equal((await late.reader.chain()).length, 2);
  assert.equal((await late.reader.text()).toString(), OK);
});

test('an error message where a chain was due is seen as text', async () => {
  const error = reader({}, 'VERSION=MYPROXYv2\nRESPONSE=1\nERROR=no\n\0');
  assert.equal(await error.reader.nextIsText(), true);
  assert.match((await error.reader.text()).toString(), /ERROR=no/);
  // 86 certificates start with the same byte as VERSION.
  const many = reader({}, encodeChain(Array(86).fill(der(300))));
  assert.equal(await many.reader.nextIsText(), false);
  assert.equal((await many.reader.chain()).length, 86);
});

test('nothing beyond the limit is kept, whatever is announced', async () => {
  const limit = { maxMessageBytes: 1000 };
  const huge = Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]);
  await assert.rejects(
    reader(limit, 'x'.repeat(900), 'x'.repeat(900), 'y').reader.text(),
    code('myproxy/too-large'),
  );
  await assert.rejects(reader(limit, `${'x'.repeat(1000)}\0`).reader.text(), code('myproxy/too-large'));
  assert.equal((await reader(limit, `${'x'.repeat(999)}\0`).reader.text()).length, 999);
  await assert.rejects(reader(limit, huge).reader.der(), code('myproxy/too-large'));
  await assert.rejects(reader(limit, Buffer.of(3), huge).reader.chain(), code('myproxy/too-large'));
  await assert.rejects(
    reader(limit, encodeChain([der(600), der(600)])).reader.chain(),
    code('myproxy/too-large'),
  );
  await assert.rejects(
    reader({}, Buffer.concat([Buffer.of(255), ...Array(255).fill(der(256))])).reader.chain(),
    code('myproxy/too-large'),
  );
});

test('garbage in binary messages is refused as soon as it is seen', async () => {
  const malformed = code('myproxy/malformed');
  await assert.rejects(reader({}, 'x').reader.der(), malformed);
  await assert.rejects(reader({}, Buffer.of(0)).reader.chain(), malformed);
  await assert.rejects(reader({}, Buffer.of(1, 0x31)).reader.chain(), malformed);
  await assert.rejects(reader({}, Buffer.of(0x30, 0x80, 0, 0)).reader.der(), code('asn1/malformed'));
  await assert.rejects(reader({}, Buffer.of(0x30, 0x81, 1, 0)).reader.der(), code('asn1/malformed'));
  await assert.rejects(reader({}, Buffer.of(0x30, 0x85, 1, 1, 1, 1, 1)).reader.der(), code('asn1/malformed'));
  await assert.rejects(reader({}, Buffer.of(9, 0, 0, 0)).reader.authorizationReply(), malformed);
  await assert.rejects(
    reader({}, Buffer.of(2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)).reader.authorizationReply(),
    malformed,
  );
});

test('a password reply ends at its NUL, an empty SASL reply after a silence', async () => {
  const password = reader({}, Buffer.from('\x01\0\0\0secret\0'), Buffer.from('rest'));
  assert.equal((await password.reader.authorizationReply()).toString(), '\x01\0\0\0secret\0');
  const sasl = reader({}, Buffer.of(3, 0, 0, 0));
  const reply = sasl.reader.authorizationReply();
  await sasl.pass(150);
  assert.equal(parseAuthorizationReply(await reply).method, 'SASL');
});

test('a signal ends the read that waits and every later one, once and for all', async () => {
  const controller = new AbortController();
  const { reader: wire, push } = reader({ signal: controller.signal });
  const text = wire.text();
  controller.abort(new DOMException('late', 'TimeoutError'));
  await assert.rejects(text, code('myproxy/timed-out'));
  push(new Error('ECONNRESET'));
  await settle();
  await assert.rejects(wire.der(), code('myproxy/timed-out'));
  await assert.rejects(reader({ signal: AbortSignal.abort() }, 'x').reader.text(), code('myproxy/cancelled'));
});

test('a message in single bytes is read in linear time', async () => {
  const size = 1 << 18;
  let sent = 0;
  const one = Buffer.from('A');
  const source = { read: () => Promise.resolve(sent++ < size - 1 ? one : Buffer.of(0)) };
  const never: Clock = { now: () => new Date(0), sleep: () => new Promise(() => {}) };
  const started = process.cpuUsage();
  const text = await new MessageReader(source, { clock: never, maxMessageBytes: size }).text();
  assert.equal(text.length, size - 1);
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 10_000_000, `${(user + system) / 1e6} s of CPU`);
});

test('however a conversation is cut into chunks, the same messages come out', async () => {
  const messages = Buffer.concat([
    Buffer.from(`0${REQUEST}\n\0`),
    der(300),
    encodeChain([der(256), der(400)]),
    Buffer.from(`${OK}\0`),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: messages.length - 1 }), { maxLength: 12 }),
      async (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), messages.length];
        const chunks = borders.slice(1).map((end, index) => messages.subarray(borders[index], end));
        const { reader: wire } = reader({}, ...chunks);
        await wire.delegationFlag();
        assert.equal((await wire.text()).toString(), `${REQUEST}\n`);
        assert.equal(await wire.nextIsText(), false);
        assert.deepEqual(await wire.der(), der(300));
        assert.deepEqual(await wire.chain(), [der(256), der(400)]);
        assert.equal((await wire.text()).toString(), OK);
      },
    ),
    { numRuns: 200 },
  );
});
