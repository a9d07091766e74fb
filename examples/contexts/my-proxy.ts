// A proxy fetched from a MyProxy server, renewed while the session lives, gone when it ends (the brief's example of the MyProxy context).
import { Context, Session } from 'latchkey/session';

const ctx = new Context('MyProxy');

ctx.server = process.env.MY_MYPROXY_SERVER ?? 'myproxy.teragrid.org';
ctx.user_id = process.env.MY_USER_ID ?? 'johndoe';
ctx.user_pass = { env: 'MY_USER_PASS' };
ctx.life_time = 12; // hours

const session = new Session();
try {
  await session.addContext(ctx);

  const machine = await session.connect({ scheme: 'gsissh', host: 'gsissh.kraken.nics.xsede.org' });
  const { stdout } = await machine.run(['whoami']);
  process.stdout.write(stdout);
} finally {
  await session.close();
}
