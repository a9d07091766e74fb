// An existing proxy, shown to a machine by gsissh (the brief's example of the X509 context).
import { Context, Session } from 'latchkey/session';

const ctx = new Context('X509');

ctx.user_proxy = process.env.MY_PROXY ?? '/tmp/x509_u123_for_machine_y';

const session = new Session();
try {
  await session.addContext(ctx);

  const machine = await session.connect({ scheme: 'gsissh', host: 'machine_y.futuregrid.org' });
  const { stdout } = await machine.run(['whoami']);
  process.stdout.write(stdout);
} finally {
  await session.close();
}
