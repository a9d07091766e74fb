// An account at EC2, and the key pair for its machines (the brief's example of the EC2, EC2_KEYPAIR and SSH contexts).
import { Context, Session } from 'latchkey/session';

const ec2Ctx = new Context('EC2');
ec2Ctx.user_id = process.env.MY_ACCESS_KEY_ID ?? 'XXXXXXXXXXYYYYYYYYZ';
ec2Ctx.user_key = { env: 'MY_SECRET_ACCESS_KEY' };
ec2Ctx.server = process.env.MY_EC2_URL; // left out: Amazon

// The key pair that opens the machines. If it is not registered under this name, its public half is registered.
const ec2KeypairCtx = new Context('EC2_KEYPAIR');
ec2KeypairCtx.token = 'KeyName';
ec2KeypairCtx.user_key = '$HOME/.ssh/ec2_key';
ec2KeypairCtx.user_id = 'root'; // the user id on the machine

// The same key pair once more. It is not needed any longer, and does no harm.
const sshCtx = new Context('SSH');
sshCtx.user_id = 'root';
sshCtx.user_key = '$HOME/.ssh/ec2_key';

await using session = new Session(false); // false: no other (default) contexts
void session.contexts.append(ec2Ctx);
void session.contexts.append(ec2KeypairCtx);
void session.contexts.append(sshCtx);
await session.ready();

for (const { name, summary } of await session.list()) console.log(`${name}: ${summary}`);
