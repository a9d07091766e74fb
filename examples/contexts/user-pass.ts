// A login name and a password for a machine (the brief's example of the UserPass context).
import { Context, Session } from 'latchkey/session';

const ctx = new Context('UserPass');

ctx.user_id = process.env.MY_USER_ID ?? 'johndoe';
ctx.user_pass = { env: 'MY_USER_PASS' };

const session = new Session();
try {
  await session.addContext(ctx);

  const machine = await session.connect({ scheme: 'ssh', host: 'machine_y.futuregrid.org' });
  const { stdout } = await machine.run(['whoami']);
  process.stdout.write(stdout);
} finally {
  await session.close();
}
