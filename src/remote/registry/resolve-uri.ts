import { LatchkeyError, quote } from '../../kit/index.ts';
import { formatPyroUri, type PyroLocation, parsePyroUri } from '../../pyro/index.ts';
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts';

export interface ResolveOptions extends RegistryClientOptions {
  /** The registry to ask when the URI names none; see {@link findRegistry}. */
  readonly registry: PyroLocation;
  /** Picks one of several objects with the tags, for tests; default at random. */
  readonly pick?: (count: number) => number;
}

/**
 * The URI of an object itself: `PYRONAME:name` is looked up, `PYROMETA:tag,tag` is any object that has all the tags, `PYRO:…` stays as it is.
 *
 * @throws LatchkeyError `pyro/uri`, `remote/name-unknown`, `remote/signature`, and what connecting throws
 */
export async function resolveUri(text: string, options: ResolveOptions): Promise<string> {
  const uri = parsePyroUri(text);
  if (uri.protocol === 'PYRO') return formatPyroUri(uri);
  await using client = await RegistryClient.connect(uri.location ?? options.registry, options);
  if (uri.protocol === 'PYRONAME') return (await client.lookup(uri.object)).uri;
  const found = await client.list({ allTags: uri.tags });
  const { pick = (count: number) => Math.floor(Math.random() * count) } = options;
  const chosen = found[pick(found.length)];
  if (chosen === undefined)
    throw new LatchkeyError(
      'remote/name-unknown',
      `nothing is registered with the tags ${quote(uri.tags.join(', '))}`,
      {
        hint: '"latchkey ns list" shows the tags there are',
      },
    );
  // Looked up by its name, whose signature is then asked for where only trusted hosts are believed.
  return (await client.lookup(chosen.name)).uri;
}
