// A login name and a password for a machine (the brief's example of the UserPass context).
import { Service } from 'latchkey/jobs';
import { Context, Session } from 'latchkey/session';

const ctx = new Context('UserPass');

ctx.user_id = process.env.MY_USER_ID ?? 'johndoe';
ctx.user_pass = { env: 'MY_USER_PASS' };

await using session = new Session();
await session.addContext(ctx);

await using js = new Service('ssh://machine_y.futuregrid.org', { session });
const job = await js.run({ executable: '/usr/bin/whoami' });
await job.wait();
process.stdout.write(await job.stdout());
await job.remove();
