import type { StatePaths } from '../../daemon/index.ts';
import { FileStore } from '../../repository/index.ts';
import {
  type Certificate,
  defaultProxyPath,
  formatOneline,
  identityOf,
  parseCertificates,
} from '../../x509/index.ts';
import { readChain } from './account.ts';
import type { Command, Invocation } from './command.ts';
import { tableLines, validityJson, validityText } from './facts.ts';
import { findPlace, type Place, stateUsers } from './place.ts';

/** One row: a thing that ends. */
interface Item {
  readonly kind: 'stored' | 'token' | 'proxy' | 'certificate' | 'host' | 'authority';
  readonly whose: string;
  readonly what: string;
  readonly start: Date;
  readonly end: Date;
  readonly identity?: string | undefined;
}

/** `latchkey status`: what is stored, for whom, and how long everything lasts. */
export const status: Command = async (invocation) => {
  const { context } = invocation;
  const now = context.now();
  const place = await findPlace(invocation);
  const items = [
    ...(place.state === undefined
      ? await storedOnServer(invocation, place)
      : [...(await itemsOfState(place.state)), ...(await keptTokens(invocation))]),
    ...(await localProxy(invocation)),
  ];
  const server = serverOf(place);
  return {
    json: {
      server,
      items: items.map(({ start, end, ...item }) => ({ ...item, ...validityJson(start, end, now) })),
    },
    lines: [
      serverLine(place),
      '',
      ...(items.length === 0
        ? ['nothing yet']
        : tableLines(
            ['KIND', 'WHOSE', 'WHAT', 'LEFT'],
            items.map(({ kind, whose, what, start, end }) => [
              kind,
              whose,
              what,
              validityText(start, end, now),
            ]),
          )),
    ],
  };
};

function serverOf(place: Place): Record<string, unknown> | null {
  if (place.state !== undefined) {
    const { running } = place;
    return {
      state: place.state.directory,
      running: running !== undefined,
      port: running?.port ?? null,
      pid: running?.pid ?? null,
    };
  }
  return place.servers === undefined ? null : { servers: place.servers.value };
}

function serverLine(place: Place): string {
  if (place.state !== undefined) {
    const { running } = place;
    return running === undefined
      ? `server: not running (latchkey serve); state ${place.state.directory}`
      : `server: running on port ${running.port}, process ${running.pid}; state ${place.state.directory}`;
  }
  return place.servers === undefined
    ? 'server: none named (-s HOST, MYPROXY_SERVER)'
    : `server: ${place.servers.value}`;
}

async function itemsOfState(state: StatePaths): Promise<Item[]> {
  const items: Item[] = [];
  // The directory is only read: the server that may be running owns it. Nothing of a key is looked at.
  const store = await FileStore.open(state.store);
  for await (const credential of store.list()) {
    const chain = parseCertificates(credential.pem.revealText());
    items.push({
      kind: 'stored',
      whose: credential.username,
      what: [
        credential.name === undefined ? 'default' : `"${credential.name}"`,
        ...(credential.lockMessage === undefined ? [] : ['locked']),
        ...(credential.renewers === undefined ? [] : [`renewed by ${credential.renewers}`]),
      ].join(', '),
      ...validityOf(chain),
      identity: credential.owner,
    });
  }
  for (const { name, certificate } of await stateUsers(state)) {
    const chain = await readChain(certificate).catch(() => []);
    if (chain.length > 0)
      items.push({ kind: 'certificate', whose: name, what: subjectOf(chain), ...validityOf(chain) });
  }
  const host = await readChain(state.hostCertificate).catch(() => []);
  if (host.length > 0)
    items.push({ kind: 'host', whose: 'this server', what: subjectOf(host), ...validityOf(host) });
  return items;
}

/** What the caller owns on the server: needs a server and a certificate; without one of them there is nothing to ask. */
async function storedOnServer(invocation: Invocation, place: Place): Promise<Item[]> {
  if (place.servers === undefined) return [];
  const { accountOf, openIdentity, ownFiles } = await import('./account.ts');
  const { clientFor } = await import('./session.ts');
  const username = await accountOf(invocation, place);
  const identity = await openIdentity(invocation, await ownFiles(invocation, place));
  const { credentials } = await clientFor(invocation, place, identity).info({ username });
  return credentials.map((credential) => ({
    kind: 'stored',
    whose: username,
    what: credential.name === undefined ? 'default' : `"${credential.name}"`,
    start: credential.startTime,
    end: credential.endTime,
    identity: credential.owner,
  }));
}

/** The tokens that the monitor of this state keeps; one that is not there yet has no time to show. */
async function keptTokens(invocation: Invocation): Promise<Item[]> {
  const { findCredmon, leasesHere, settingsOfState } = await import('./credmon-place.ts');
  if ((await settingsOfState(invocation)) === undefined) return [];
  const { leases } = await leasesHere(await findCredmon(invocation), undefined);
  return leases.flatMap(({ id, owner, kind, issuedAt, expiresAt, failures }) =>
    kind !== 'token' || issuedAt === undefined || expiresAt === undefined
      ? []
      : [
          {
            kind,
            whose: owner,
            what: `${id.slice(owner.length + 1)}${failures > 0 ? ', not being renewed' : ''}`,
            start: new Date(issuedAt),
            end: new Date(expiresAt),
          },
        ],
  );
}

async function localProxy({ context }: Invocation): Promise<Item[]> {
  const path = defaultProxyPath({ ...context.env }, context.uid);
  const chain = await readChain(path).catch(() => []);
  if (chain.length === 0) return [];
  const identity = identityOf(chain);
  const name = identity === undefined ? '' : formatOneline(identity);
  return [
    { kind: 'proxy', whose: name.replace(/^.*\/CN=/, ''), what: path, ...validityOf(chain), identity: name },
  ];
}

function subjectOf(chain: readonly Certificate[]): string {
  const [leaf] = chain;
  return leaf === undefined ? '' : formatOneline(leaf.subject);
}

/** A chain lives from its last beginning to its first end. */
function validityOf(chain: readonly Certificate[]): { start: Date; end: Date } {
  return {
    start: new Date(Math.max(...chain.map((certificate) => certificate.notBefore.getTime()))),
    end: new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime()))),
  };
}
