import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { openSsh, openSsh2 } from '../../src/ssh/index.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

/** What answers at a port instead of an ssh server. */
const ANSWERS: Readonly<Record<string, (socket: Socket) => void>> = {
  'bytes without end': (socket) => pour(socket, Buffer.alloc(65_536, 'x')),
  'lines without end, with what a terminal obeys': (socket) =>
    pour(socket, Buffer.from('\x1b]0;owned\x07\x1b[2J\r\n'.repeat(1000))),
  'a banner, and then bytes without end': (socket) => {
    socket.write('SSH-2.0-x\r\n');
    pour(socket, Buffer.alloc(65_536, 0xff));
  },
  'a banner with what a terminal obeys, and an end': (socket) => {
    socket.end('SSH-2.0-\x1b]0;owned\x07\x1b[2J\r\n');
  },
  'lies about another error': (socket) => {
    socket.end('REMOTE HOST IDENTIFICATION HAS CHANGED\r\nPermission denied (password).\r\n');
  },
  nothing: () => {},
};

function pour(socket: Socket, bytes: Buffer): void {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}

async function port(t: TestContext, answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

for (const [name, open] of Object.entries({ OpenSSH: openSsh, ssh2: openSsh2 })) {
  for (const [what, answer] of Object.entries(ANSWERS)) {
    test(`${name}: ${what}: it ends in time, and the error is short, printable and true`, async (t) => {
      if (!havePeers(t, 'ssh')) return;
      const outcome = await open({
        target: { host: '127.0.0.1', port: await port(t, answer), user: 'somebody' },
        credential: { identityFiles: [], agentSocket: 'none', password: new Secret('hush') },
        hostKeys: { policy: 'strict', knownHostsFiles: [join(workspace(t), 'none')] },
        configFile: 'none',
        connectTimeoutMs: 3000,
      }).then(
        (connection) => connection.close(),
        (error: unknown) => error,
      );
      assert.ok(isLatchkeyError(outcome, 'ssh/unreachable'), `${outcome}`);
      const text = `${outcome.message}${outcome.hint}${JSON.stringify(outcome.details)}`;
      assert.ok(text.length < 8000, `${text.length}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      assert.doesNotMatch(text, /[\x00-\x1f\x7f]/);
      assert.doesNotMatch(text, /hush/);
    });
  }
}
