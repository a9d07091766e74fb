import type { Secret } from '../../kit/index.ts';
import { type PyroLocation, parseObjectUri, type RemoteObject } from '../../pyro/index.ts';
import {
  connectLinked,
  connectRegistry,
  HERE,
  type LinkedObject,
  Links,
  modelAccess,
  type Protection,
  proofFor,
  trueAddress,
} from '../../remote/index.ts';
import type { SshConnection } from '../../ssh/index.ts';

/** A model server with the ways to it and to its jobs. */
export interface ReachedModels {
  readonly server: RemoteObject;
  /** Connects to one of its jobs by the same way. */
  connectJob(uri: string, protection: Protection, key: Secret): Promise<LinkedObject>;
  close(): Promise<void>;
}

/** Which model server, and by what way. */
export interface ModelsPlace {
  /** Its URI as its own machine has it, or its name and the registry that knows it. */
  readonly at: { readonly uri: string } | { readonly name: string; readonly registry: PyroLocation };
  readonly key?: Secret | undefined;
  /** Given: it is reached through SSH. */
  readonly ssh?: SshWay | undefined;
}

/** How its machine is logged in to. */
export interface SshWay {
  /** The machine, when that is known without the registry; it comes before what the registry says. */
  readonly machine?: string | undefined;
  /** Used when neither is known. @throws LatchkeyError when there is none */
  otherwise(): string;
  connect(machine: string): Promise<SshConnection>;
  close(): Promise<void>;
}

/** Connects to a model server, by a link when it is on another machine; nothing is left when that fails. */
export async function reachModels({ at, key, ssh }: ModelsPlace): Promise<ReachedModels> {
  const logins = new Map<string, Promise<SshConnection>>();
  const links = new Links({
    connect: (machine) => {
      const login = logins.get(machine) ?? (ssh as SshWay).connect(machine);
      logins.set(machine, login);
      return login;
    },
  });
  const close = async () => {
    await links.close();
    await ssh?.close();
  };
  try {
    const { uri, host } = 'uri' in at ? { uri: at.uri, host: undefined } : await registered(at, key);
    const machine = ssh === undefined ? HERE : (ssh.machine ?? host ?? ssh.otherwise());
    const proof = key === undefined ? {} : proofFor(uri, key);
    const isTcp = 'host' in parseObjectUri(uri).location;
    const server = await connectLinked(links, uri, {
      ...{ machine, ...proof },
      ...(isTcp && key !== undefined ? { version: 4 as const } : {}),
    });
    return {
      server: server.object,
      connectJob: (job, protection, jobKey) =>
        connectLinked(links, job, { machine, ...modelAccess(protection, jobKey) }),
      close: async () => {
        await server.close().catch(() => {});
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function registered(
  { name, registry }: { readonly name: string; readonly registry: PyroLocation },
  key: Secret | undefined,
) {
  const names = await connectRegistry(registry, key);
  try {
    return trueAddress(await names.lookup(name));
  } finally {
    await names.close();
  }
}
