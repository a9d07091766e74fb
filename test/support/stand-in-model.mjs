// A program that reports to a model server as docs/model-server.md says, and answers whoever connects with a hash of its key:
// a stand-in for a model, which misbehaves as its argument says.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';

const [behaviour = 'good', argument = ''] = process.argv.slice(2);
const channel = new Socket({ fd: Number(process.env.LATCHKEY_MODEL_FD), readable: true, writable: true });
channel.on('error', () => {});

const told = await new Promise((resolve) => {
  let text = '';
  channel.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))));
  });
});
const report = (more) => channel.write(`${JSON.stringify({ token: told.token, ...more })}\n`);

function listen(place) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(createHash('sha256').update(told.key).digest('hex'));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen('unix' in place ? { path: place.unix } : { ...place, exclusive: true }, () => {
      const host = place.host?.includes(':') ? `[${place.host}]` : place.host;
      resolve('unix' in place ? `./u:${place.unix}` : `${host}:${server.address().port}`);
    });
  });
}

console.log(`${told.job} is ${behaviour}`);
switch (behaviour) {
  case 'good':
    report({ uri: `PYRO:model@${await listen(told.listen)}` });
    break;
  case 'slow':
    setTimeout(async () => report({ uri: `PYRO:model@${await listen(told.listen)}` }), Number(argument));
    break;
  case 'crash':
    console.error('the mesh has no cells');
    process.exit(3);
    break;
  case 'killed':
    process.kill(process.pid, 'SIGSEGV');
    break;
  case 'silent':
    setInterval(() => {}, 1000);
    break;
  case 'closes':
    channel.destroy();
    setInterval(() => {}, 1000);
    break;
  case 'forges':
    channel.write(
      `${JSON.stringify({ token: 'guessed', uri: `PYRO:model@${await listen(told.listen)}` })}\n`,
    );
    break;
  case 'says-no':
    report({ error: 'no licence is free' });
    break;
  case 'dies-later':
    report({ uri: `PYRO:model@${await listen(told.listen)}` });
    setTimeout(() => {
      console.log('diverged at step 7');
      process.exit(9);
    }, Number(argument));
    break;
  case 'elsewhere': {
    // Listens on ::1 alone, and reports the address it was told.
    await listen({ host: '::1', port: told.listen.port });
    report({ uri: `PYRO:model@${told.listen.host}:${told.listen.port}` });
    break;
  }
  case 'parent': {
    // A child that does not want to end, and one that leaves the group.
    const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('deaf');`;
    const start = (more) =>
      spawn(process.execPath, ['-e', stubborn], { stdio: ['ignore', 'pipe', 'ignore'], ...more });
    const [stays, leaves] = [start(), start({ detached: true })];
    // Before, TERM would end them.
    await Promise.all(
      [stays, leaves].map(({ stdout }) => new Promise((resolve) => stdout.once('data', resolve))),
    );
    writeFileSync('children', `${stays.pid} ${leaves.pid}`);
    report({ uri: `PYRO:model@${await listen(told.listen)}` });
    break;
  }
  case 'talks':
    report({ uri: `PYRO:model@${await listen(told.listen)}` });
    setInterval(() => console.log('x'.repeat(999)), 1);
    break;
}
