import { join } from 'node:path';
import { parseObjectUri } from '../../../pyro/index.ts';
import { connectRegistry } from '../../registry/connect-registry.ts';
import { signEntry } from '../../registry/entry-signature.ts';
import { loadHostIdentity } from '../../registry/host-identity.ts';
import { Registration } from '../../registry/registration.ts';
import type { ModelServerSettings } from '../settings/model-server-settings.ts';

const LEASE_SECONDS = 30;
/** Its secret is what the server's name in a registry hangs on: who has it can take the name. */
const IDENTITY_FILE = 'identity';

/**
 * Keeps a model server's name in the registry of its settings, signed by its directory's own key, under the tags that MuPIF gives.
 * A registry that is away is tried again and again, and `onTrouble` told.
 *
 * @returns undefined when the settings name no registry
 * @throws LatchkeyError `remote/name-taken` when the name is another server's
 */
export async function registerModelServer(
  settings: ModelServerSettings,
  uri: string,
  onTrouble: (error: unknown) => void,
): Promise<Registration | undefined> {
  return await keepName(settings, { name: settings.name, uri, tags: tagsOf(settings, uri) }, onTrouble);
}

/** Keeps one name of this server or of its jobs, in the same way. */
export async function keepName(
  settings: ModelServerSettings,
  named: { readonly name: string; readonly uri: string; readonly tags: readonly string[] },
  onTrouble: (error: unknown) => void,
): Promise<Registration | undefined> {
  const { registry, directory } = settings;
  if (registry === undefined) return undefined;
  const { privateKey, owner } = await loadHostIdentity(join(directory, IDENTITY_FILE));
  const unsigned = { ...named, leaseSeconds: LEASE_SECONDS };
  return await Registration.begin({
    connect: (signal) => connectRegistry(registry, settings.key, signal),
    entry: signEntry(unsigned, privateKey, Date.now()),
    owner,
    mayBeAway: true,
    onTrouble,
  });
}

function tagsOf({ listen, published }: ModelServerSettings, uri: string): readonly string[] {
  const { location } = parseObjectUri(uri);
  if (!('host' in listen) || !('host' in location)) return ['type:jobmanager'];
  // Without NAT the URI tells the port that was chosen for 0.
  const port = published === undefined ? location.port : listen.port;
  return [
    'type:jobmanager',
    `host:${listen.host}`,
    ...(port === 0 ? [] : [`port:${port}`]),
    ...(published === undefined ? [] : [`nathost:${location.host}`, `natport:${location.port}`]),
  ];
}
