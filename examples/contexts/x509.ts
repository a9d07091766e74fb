// An existing proxy, shown to a machine by gsissh (the brief's example of the X509 context).
import { Service } from 'latchkey/jobs';
import { Context, Session } from 'latchkey/session';

const ctx = new Context('X509');

ctx.user_proxy = process.env.MY_PROXY ?? '/tmp/x509_u123_for_machine_y';

await using session = new Session();
await session.addContext(ctx);

await using js = new Service('gsissh://machine_y.futuregrid.org', { session });
const job = await js.run({ executable: '/usr/bin/whoami' });
await job.wait();
process.stdout.write(await job.stdout());
await job.remove();
