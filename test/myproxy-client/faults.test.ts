import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type ErrorCode, isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { encodeChain, encodeResponse, MyProxyClient, type Notice } from '../../src/myproxy/index.ts';
import { parseCertificates } from '../../src/x509/index.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

const username = 'jane';
const passphrase = new Secret('correct horse');
const OK = encodeResponse({ status: 'ok' });

type Behaviour = (socket: TLSSocket) => Promise<void> | void;

/** A server that speaks TLS as it should and MyProxy as it likes. */
async function fakeServer(
  t: TestContext,
  grid: Grid,
  behave: Behaviour,
  tls: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.2',
): Promise<number> {
  const server = createTlsServer({
    cert: `${readFileSync(grid.host.certificate)}\n${readFileSync(grid.ca.certificate)}`,
    key: readFileSync(grid.host.key),
    requestCert: true,
    rejectUnauthorized: false,
    maxVersion: tls,
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    Promise.resolve(behave(socket)).catch(() => socket.destroy());
  });
  server.on('tlsClientError', () => {});
  return await listen(t, server);
}

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Waits for the `0` and the request. */
async function request(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.endsWith('\0')) return text;
  }
  return text;
}

test('whatever a server does, there is an error that says so, and soon', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const nothing = join(grid.directory, 'nothing');
  const env = {
    HOME: grid.directory,
    X509_USER_PROXY: nothing,
    X509_USER_CERT: nothing,
    X509_USER_KEY: nothing,
  };
  const client = new MyProxyClient({
    hostname: 'localhost',
    caCertDir: grid.trustDirectory,
    timeouts: { connect: 5000, handshake: 2000, reply: 700 },
    env,
  });
  /** For servers that do answer, on a machine that may be busy. */
  const patient = client.with({ timeouts: { connect: 5000, handshake: 5000, reply: 20_000 } });
  const identity = { certFile: grid.user.certificate, keyFile: grid.user.key };
  const keyAlgorithm = { type: 'ec' } as const;
  const userChain = parseCertificates(readFileSync(grid.user.certificate, 'utf8')).map(({ der }) => der);

  /** What GET ends with, by what the server does. */
  const answers: readonly (readonly [string, ErrorCode, RegExp, Behaviour])[] = [
    ['silence', 'myproxy/timed-out', /sent no answer within 0.7 s/, () => {}],
    ['close at once', 'myproxy/closed', /closed the connection/, (socket) => void socket.destroy()],
    [
      'close after the request',
      'myproxy/closed',
      /sent no answer/,
      async (socket) => {
        await request(socket);
        socket.destroy();
      },
    ],
    [
      'half an answer',
      'myproxy/closed',
      /sent no answer/,
      (socket) => {
        socket.write('VERSION=MYPROXYv2\nRESP', () => socket.destroy());
      },
    ],
    [
      'one byte now and then',
      'myproxy/timed-out',
      /within 0.7 s/,
      async (socket) => {
        for (const byte of OK.subarray(0, 25)) {
          socket.write(Buffer.from([byte]));
          await delay(40);
        }
      },
    ],
    [
      'no end',
      'myproxy/too-large',
      /./,
      (socket) => {
        const chunk = Buffer.alloc(64 * 1024, 'x');
        const write = () => {
          while (!socket.destroyed && socket.write(chunk)) {}
        };
        socket.on('drain', write);
        socket.write('VERSION=MYPROXYv2\n');
        write();
      },
    ],
    ['garbage', 'myproxy/malformed', /./, (socket) => void socket.write(`${'\u0001garbage'.repeat(20)}\0`)],
    [
      'another version',
      'myproxy/malformed',
      /MYPROXYv9/,
      (socket) => {
        socket.write('VERSION=MYPROXYv9\nRESPONSE=0\n\0');
      },
    ],
    ['no status', 'myproxy/malformed', /RESPONSE/, (socket) => void socket.write('VERSION=MYPROXYv2\n\0')],
    [
      'challenges without end',
      'myproxy/server-refused',
      /pass phrase, or a certificate/,
      (socket) => {
        const challenges = [{ method: 'X509_certificate', data: '0'.repeat(32) }];
        socket.write(encodeResponse({ status: 'authorization', challenges }));
      },
    ],
    [
      'an error without words',
      'myproxy/server-refused',
      /without a reason/,
      (socket) => {
        socket.write(encodeResponse({ status: 'error', lines: [] }));
      },
    ],
    ['OK, then silence', 'myproxy/timed-out', /sent no certificates/, (socket) => void socket.write(OK)],
    [
      'no certificate',
      'myproxy/malformed',
      /none/,
      async (socket) => {
        socket.write(OK);
        await delay(20);
        socket.write(Buffer.from([0]));
      },
    ],
    [
      'certificates that are none',
      'myproxy/delegation-invalid',
      /cannot be read/,
      (socket) => {
        socket.write(Buffer.concat([OK, Buffer.from('01300100', 'hex')]));
      },
    ],
    [
      'a certificate for another key',
      'myproxy/delegation-invalid',
      /another key/,
      (socket) => {
        socket.write(Buffer.concat([OK, encodeChain(userChain)]));
        socket.write(OK);
      },
    ],
    [
      'an error in place of certificates',
      'myproxy/server-refused',
      /Unable to delegate/,
      (socket) => {
        socket.write(OK);
        socket.write(encodeResponse({ status: 'error', lines: ['Unable to delegate credentials.'] }));
      },
    ],
  ];
  for (const [name, code, message, behave] of answers) {
    for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
      await t.test(`${name} (${tls})`, async (t) => {
        const port = await fakeServer(t, grid, behave, tls);
        const started = performance.now();
        await assert.rejects(client.with({ port }).logon({ username, passphrase, keyAlgorithm }), (error) => {
          assert.ok(isLatchkeyError(error), String(error));
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message);
          return true;
        });
        assert.ok(performance.now() - started < 10_000);
      });
    }
  }

  await t.test('PUT: a request that is none, or not signed', async (t) => {
    for (const sent of [Buffer.from('3003020100', 'hex'), Buffer.alloc(2 << 20, 0x30), Buffer.from('MII')]) {
      const port = await fakeServer(t, grid, async (socket) => {
        await request(socket);
        socket.write(Buffer.concat([OK, sent]));
      });
      await assert.rejects(
        client.with({ port }).put({ username, passphrase, credential: identity }),
        (error) => isLatchkeyError(error),
      );
    }
  });

  await t.test('a server that never shakes hands', async (t) => {
    const port = await listen(t, createServer());
    await assert.rejects(client.with({ port }).getTrustRoots(), (error) => {
      return isLatchkeyError(error, 'myproxy/timed-out') && /no TLS handshake/.test(error.message);
    });
  });

  await t.test('a server that does not speak TLS', async (t) => {
    const port = await listen(
      t,
      createServer((socket) => void socket.end('220 mail.example.org ESMTP\r\n')),
    );
    await assert.rejects(client.with({ port }).getTrustRoots(), (error) => {
      return isLatchkeyError(error, 'myproxy/tls') && /does not speak TLS/.test(error.message);
    });
  });

  await t.test('nothing is sent to a server that is not trusted', async (t) => {
    const heard: Buffer[] = [];
    const port = await fakeServer(t, grid, (socket) => void socket.on('data', (chunk) => heard.push(chunk)));
    const closed = client.with({ port, caCertDir: nothing });
    await assert.rejects(closed.logon({ username, passphrase }), (error) => {
      return isLatchkeyError(error, 'x509/trust-missing');
    });
    await assert.rejects(
      closed.with({ serverDN: '/CN=x', caCertDir: grid.trustDirectory }).logon({ username, passphrase }),
    );
    await delay(50);
    assert.deepEqual(heard, []);
  });

  await t.test('the 0 comes in a record of its own', async (t) => {
    for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
      const records: string[] = [];
      const port = await fakeServer(
        t,
        grid,
        (socket) => {
          socket.on('data', (chunk) => {
            records.push(chunk.toString());
            if (records.length === 2) socket.write(OK);
          });
        },
        tls,
      );
      await patient.with({ port }).destroy({ username, identity });
      assert.equal(records[0], '0');
      assert.match(records[1] ?? '', /^VERSION=MYPROXYv2\nCOMMAND=3\n.*\0$/s);
    }
  });

  await t.test(
    'several servers: the dead and the silent are passed over, the untrusted is not',
    async (t) => {
      const gone = createServer();
      const dead = await listen(t, gone);
      gone.close();
      const silent = await listen(t, createServer());
      const alive = await fakeServer(t, grid, async (socket) => {
        await request(socket);
        socket.write(OK);
      });
      const notices: Notice[] = [];
      const several = client.with({
        timeouts: { connect: 5000, handshake: 2000, reply: 20_000 },
        hostname: `127.0.0.1:${dead},localhost:${silent},localhost:${alive}`,
        onNotice: (notice) => notices.push(notice),
      });
      const peer = await several.destroy({ username, identity });
      assert.equal(peer.port, alive);
      assert.deepEqual(
        notices.filter(({ code, details }) => code === 'server-skipped' && details.address === undefined)
          .length,
        2,
      );
      await assert.rejects(several.with({ serverDN: '/CN=x' }).destroy({ username, identity }), (error) => {
        return isLatchkeyError(error, 'myproxy/server-identity');
      });
      await assert.rejects(client.with({ hostname: `127.0.0.1:${dead}` }).getTrustRoots(), (error) => {
        return isLatchkeyError(error, 'myproxy/connect') && /MYPROXY_SERVER/.test(error.hint ?? '');
      });
    },
  );

  await t.test('local ports from the range', async (t) => {
    const ports: (number | undefined)[] = [];
    let allAreHere = (): void => {};
    const together = new Promise<void>((resolve) => {
      allAreHere = resolve;
    });
    const port = await fakeServer(t, grid, async (socket) => {
      ports.push(socket.remotePort);
      await request(socket);
      // One that has ended gives its port to the next: all three are kept until they are there.
      if (ports.length === 3) allAreHere();
      await together;
      socket.write(OK);
    });
    const range = { ...env, MYPROXY_TCP_PORT_RANGE: '42310,42330' };
    const ranged = patient.with({ port, env: range });
    await Promise.all([1, 2, 3].map(async () => await ranged.destroy({ username, identity })));
    assert.equal(new Set(ports).size, 3);
    for (const used of ports) assert.ok(used !== undefined && used >= 42310 && used <= 42330, `${used}`);
  });

  await t.test('a signal ends it at every stage', async (t) => {
    const silentTcp = await listen(t, createServer());
    const silentTls = await fakeServer(t, grid, () => {});
    const slow = client.with({ timeouts: { handshake: 60_000, reply: 60_000 } });
    const cases: readonly (() => [number, (() => Promise<Secret>) | Secret])[] = [
      () => [silentTcp, passphrase],
      () => [silentTls, passphrase],
      () => [silentTls, () => new Promise<Secret>(() => {})],
    ];
    for (const [index, make] of cases.entries()) {
      const [port, source] = make();
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 150);
      const { signal } = controller;
      await assert.rejects(
        slow.with({ port }).logon({ username, passphrase: source, signal, keyAlgorithm }),
        (error) => isLatchkeyError(error, 'myproxy/cancelled'),
        `case ${index}`,
      );
    }
    await assert.rejects(
      slow.with({ port: silentTls, signal: AbortSignal.abort() }).getTrustRoots(),
      (error) => isLatchkeyError(error, 'myproxy/cancelled'),
    );
  });
});
