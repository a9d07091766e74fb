// A key of its own for a machine (the brief's example of the SSH context).
import { Service } from 'latchkey/jobs';
import { Context, Session } from 'latchkey/session';

const ctx = new Context('SSH');

ctx.user_id = process.env.MY_USER_ID ?? 'johndoe';
ctx.user_key = '~/.ssh/key_for_machine_x';
ctx.user_pass = { env: 'MY_KEY_PASS' }; // opens 'user_key', if it is encrypted

await using session = new Session();
await session.addContext(ctx);

await using js = new Service('ssh://machine_x.futuregrid.org', { session });
const job = await js.run({ executable: '/usr/bin/whoami' });
await job.wait();
process.stdout.write(await job.stdout());
await job.remove();
