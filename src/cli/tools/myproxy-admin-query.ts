import type { CredentialStore, StoredCredential } from '../../repository/index.ts';
import {
  atoi,
  credentialLines,
  fail,
  type GivenOption,
  type OptionSpec,
  openStorage,
  readCommandLine,
  standardOptions,
  storageOption,
  type Tool,
  type ToolContext,
  type ToolInterface,
} from '../kit/index.ts';
import type { StoredFacts } from '../kit/stored-facts.ts';

const options: readonly OptionSpec[] = [
  ...standardOptions,
  { short: 'c', long: 'config', value: 'file', help: 'Configuration file of the server' },
  storageOption,
  { short: 'l', long: 'username', value: 'name', help: 'Only credentials of this account' },
  { short: 'k', long: 'credname', value: 'name', help: 'Only credentials of this name' },
  { short: 'o', long: 'owner', value: 'name', help: 'Only credentials of this owner (DN)' },
  { short: 'e', long: 'expiring_in', value: 'hours', help: 'Only credentials that end within this time' },
  { short: 't', long: 'time_left', value: 'hours', help: 'Only credentials that last longer than this time' },
  { short: 'i', long: 'invalid', help: 'Only credentials that do not verify' },
  { short: 'r', long: 'remove', help: 'Remove what was found' },
  { short: 'L', long: 'lock', value: 'msg', help: 'Lock what was found; users are told the message instead' },
  { short: 'U', long: 'unlock', help: 'Unlock what was found' },
];

const face: ToolInterface = {
  tool: 'myproxy-admin-query',
  synopsis: '[-l username] [-k credname] ...',
  options,
};

const HOUR = 3_600_000;

/** `myproxy-admin-query`: lists, locks, unlocks and removes credentials of the storage directory. */
export const myproxyAdminQuery: Tool = async (argv, context) => {
  const now = context.now();
  let endsBefore: number | undefined;
  let endsAfter: number | undefined;
  const takeTime = ({ key, value = '' }: GivenOption): boolean => {
    if (key === 'e') endsBefore = now.getTime() + atoi(value) * HOUR;
    else if (key === 't') endsAfter = now.getTime() + atoi(value) * HOUR;
    else return false;
    return true;
  };
  const line = readCommandLine(face, argv, context, takeTime);
  const store = await openStorage(context, line.value('s')).catch((error: Error) => {
    throw fail(`Failed to read credentials.\n${error.message}`);
  });
  const { storedFacts, verifyStored } = await import('../kit/stored-facts.ts');
  const check = line.has('i') ? await verifyStored(context) : undefined;
  const found: StoredFacts[] = [];
  for await (const credential of store.list(line.value('l'))) {
    const facts = storedFacts(credential);
    const end = facts.endTime.getTime();
    const isWanted =
      (line.value('k') === undefined || credential.name === line.value('k')) &&
      (line.value('o') === undefined || credential.owner === line.value('o')) &&
      (endsBefore === undefined || end < endsBefore) &&
      (endsAfter === undefined || end > endsAfter);
    if (!isWanted) continue;
    const problem = check?.(credential);
    if (check !== undefined && problem === undefined) continue;
    if (problem !== undefined) context.err(`${nameOf(credential)}: ${problem}\n`);
    found.push(facts);
  }
  if (found.length === 0) context.out('No credentials found.\n');
  for (const facts of found) {
    const did = await change(store, facts.credential, line);
    context.out(did === undefined ? credentialLines(facts, now) : told(facts.credential, did, context));
  }
  return 0;
};

interface Wishes {
  has(key: string): boolean;
  value(key: string): string | undefined;
}

async function change(
  store: CredentialStore,
  credential: StoredCredential,
  line: Wishes,
): Promise<string | undefined> {
  const id = { username: credential.username, name: credential.name };
  if (line.has('r')) {
    await store.remove(id);
    return 'removed';
  }
  if (line.has('L')) {
    await store.setLock(id, line.value('L') ?? '');
    return 'locked';
  }
  if (!line.has('U')) return undefined;
  await store.setLock(id, undefined);
  return 'unlocked';
}

function told(credential: StoredCredential, did: string, _context: ToolContext): string {
  return `Credential for ${nameOf(credential)} ${did}.\n`;
}

function nameOf({ username, name }: StoredCredential): string {
  return `user ${username} (name: ${name ?? 'default'})`;
}
