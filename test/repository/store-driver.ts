// A program for the kill tests: works on a storage directory until it is killed, and says on standard output what it
// is about to do and what it has done. usage: store-driver DIRECTORY GROUP FIRST_VERSION
import { writeSync } from 'node:fs';
import { Secret } from '../../src/kit/index.ts';
import { type CredentialId, FileStore } from '../../src/repository/index.ts';
import { idsOf, markedPem } from './marked-credential.ts';

const [, , directory = '', group = '', first = '0'] = process.argv;
const store = await FileStore.open(directory);
const own = idsOf(group);
const shared = idsOf('shared');
let version = Number(first);

const say = (line: string) => writeSync(1, `${line}\n`);

async function write(id: CredentialId, number: number, lockMessage?: string): Promise<void> {
  await store.write({
    ...id,
    owner: '/O=Grid/CN=Jane',
    maxLifetimeSeconds: number,
    description: `version ${number}`,
    ...(lockMessage === undefined ? {} : { lockMessage }),
    pem: new Secret(markedPem(number)),
  });
}

say('ready');
for (;;) {
  version += 1;
  const index = Math.floor(Math.random() * own.length);
  const id = own[index];
  const other = shared[Math.floor(Math.random() * shared.length)];
  if (id === undefined || other === undefined) break;
  const dice = Math.random();
  if (dice < 0.15) {
    say(`begin ${index} absent`);
    await store.remove(id);
  } else if (dice < 0.3) {
    say(`begin ${index} ${version} locked`);
    await write(id, version, `locked ${version}`);
  } else {
    say(`begin ${index} ${version}`);
    await write(id, version);
  }
  say(`end ${index}`);
  if (dice < 0.9) await write(other, version);
  else await store.remove(other);
  await store.setLock(other, dice < 0.5 ? 'for a while' : undefined);
}
