import { counted, isLatchkeyError, type Secret } from '../../kit/index.ts';
import { connectObject, formatLocation } from '../../pyro/index.ts';
import type { EntryOnWire } from '../../remote/index.ts';
import type { Command } from './command.ts';
import { hmacKeyOf, secretOfFile, withRegistry } from './ns-place.ts';

/** `latchkey ns list [PREFIX]`. */
export const nsList: Command = async (invocation) => {
  const [prefix] = invocation.given.arguments;
  const tags = invocation.given.text('tags')?.split(',');
  const entries = await withRegistry(invocation, async (client) => {
    const found = await client.list(
      tags === undefined ? (prefix === undefined ? {} : { prefix }) : { allTags: tags },
    );
    return found.filter(({ name }) => name.startsWith(prefix ?? ''));
  });
  return { json: { entries }, lines: entries.flatMap(lines) };
};

/** `latchkey ns test [NAME]`. */
export const nsTest: Command = async (invocation) => {
  const [name] = invocation.given.arguments;
  return await withRegistry(invocation, async (client, { location, from }) => {
    const began = performance.now();
    const took = () => `${(performance.now() - began).toFixed(1)} ms`;
    if (name === undefined) {
      await client.ping();
      const kind = client.isOurs ? 'a registry of ours' : 'a Pyro name server';
      const where = formatLocation(location);
      return {
        json: { location, from, isOurs: client.isOurs },
        lines: [`${where} (from ${from}) is ${kind}, and answers in ${took()}`],
      };
    }
    const { uri } = await client.lookup(name);
    const methods = await methodsAt(uri, await hmacKeyOf(invocation));
    const more =
      methods === undefined ? 'it wants a key to say more' : `it has ${counted(methods.length, 'method')}`;
    return {
      json: { name, uri, methods: methods ?? null },
      lines: [`${name} is ${uri}, and answers in ${took()}; ${more}`],
    };
  });
};

/** The methods of what answers there; undefined when it answers, and wants a key first, as model servers on sockets do. */
async function methodsAt(uri: string, hmacKey: Secret | undefined): Promise<readonly string[] | undefined> {
  try {
    const object = await connectObject(uri, hmacKey === undefined ? {} : { hmacKey });
    await object.close();
    return object.methods;
  } catch (error) {
    if (isLatchkeyError(error, 'pyro/refused') && /not the key of this server/.test(error.message))
      return undefined;
    throw error;
  }
}

/** `latchkey ns remove NAME`. */
export const nsRemove: Command = async (invocation) => {
  const [name = ''] = invocation.given.arguments;
  const file = invocation.given.text('owner-file');
  const owner = file === undefined ? undefined : await secretOfFile(file);
  const isRemoved = await withRegistry(invocation, (client) => client.remove(name, owner));
  return {
    json: { name, removed: isRemoved },
    lines: [isRemoved ? `${name} is removed` : `there was no name ${name}`],
    exitCode: isRemoved ? 0 : 1,
  };
};

function lines(entry: EntryOnWire): readonly string[] {
  const { name, uri, tags, endsInSeconds, signature, isOwned } = entry;
  const more = [
    ...(tags.length === 0 ? [] : [`tags ${tags.join(', ')}`]),
    ...(endsInSeconds === undefined ? [] : [`ends in ${Math.ceil(endsInSeconds)} s without a heartbeat`]),
    ...(isOwned ? ['owned'] : []),
    ...(signature === undefined ? [] : [`signed by ${signature.key}`]),
  ];
  return [`${name}  ${uri}`, ...more.map((line) => `    ${line}`)];
}
