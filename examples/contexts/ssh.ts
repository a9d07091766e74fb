// A key of its own for a machine (the brief's example of the SSH context).
import { Context, Session } from 'latchkey/session';

const ctx = new Context('SSH');

ctx.user_id = process.env.MY_USER_ID ?? 'johndoe';
ctx.user_key = '~/.ssh/key_for_machine_x';
ctx.user_pass = { env: 'MY_KEY_PASS' }; // opens 'user_key', if it is encrypted

const session = new Session();
try {
  await session.addContext(ctx);

  const machine = await session.connect({ scheme: 'ssh', host: 'machine_x.futuregrid.org' });
  const { stdout } = await machine.run(['whoami']);
  process.stdout.write(stdout);
} finally {
  await session.close();
}
