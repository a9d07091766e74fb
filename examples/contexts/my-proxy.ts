// A proxy fetched from a MyProxy server, renewed while the session lives, gone when it ends (the brief's example of the MyProxy context).
import { Service } from 'latchkey/jobs';
import { Context, Session } from 'latchkey/session';

const ctx = new Context('MyProxy');

ctx.server = process.env.MY_MYPROXY_SERVER ?? 'myproxy.teragrid.org';
ctx.user_id = process.env.MY_USER_ID ?? 'johndoe';
ctx.user_pass = { env: 'MY_USER_PASS' };
ctx.life_time = 12; // hours

await using session = new Session();
await session.addContext(ctx);

await using js = new Service('pbs+gsissh://gsissh.kraken.nics.xsede.org', { session });
const job = await js.run({ executable: '/usr/bin/whoami' });
await job.wait();
process.stdout.write(await job.stdout());
await job.remove();
