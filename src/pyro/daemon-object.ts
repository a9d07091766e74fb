import { type CallContext, Exposed, type ObjectMetadata } from './exposed.ts';
import { pythonException, RemoteError } from './remote-exception.ts';
import { ServerCall } from './server-call.ts';
import type { DAEMON_OBJECT, ServerGround } from './server-ground.ts';
import type { PyroInput } from './value.ts';

/** The object {@link DAEMON_OBJECT} that every Pyro daemon has: what proxies ask it, and nothing else. */
export function daemonObject(ground: () => ServerGround): Exposed {
  return new Exposed({
    methods: {
      ping: () => null,
      info: () =>
        `Pyro.Daemon of Latchkey on ${ground().location}, ${ground().objects.size + 1} objects registered`,
      registered: () => ['Pyro.Daemon', ...ground().objects.listed],
      get_metadata: ([name]) => {
        const exposed = name === 'Pyro.Daemon' ? ground().daemon : ground().objects.find(String(name));
        if (exposed === undefined) throw unknownObject();
        return metadataValue(exposed.metadata);
      },
      get_next_stream_item: async ([id], _, context) => {
        const { streams, now } = ground();
        const item = await streams.next(ownerOf(context), String(id), now());
        if (item === undefined) throw pythonException('Pyro4.errors.PyroError', 'item stream terminated');
        if (item.done === true) throw new RemoteError('builtins.StopIteration', [], [], {});
        return item.value;
      },
      close_stream: ([id]) => {
        ground().streams.close(String(id));
        return null;
      },
    },
  });
}

/** What a proxy is told of an object. Lists do for both versions. */
export function metadataValue(metadata: ObjectMetadata): PyroInput {
  return {
    methods: [...metadata.methods],
    oneway: [...metadata.oneway],
    attrs: [...metadata.attributes],
  };
}

function unknownObject(): Error {
  return pythonException('Pyro4.errors.DaemonError', 'unknown object');
}

function ownerOf(context: CallContext): object {
  if (!(context instanceof ServerCall)) throw new TypeError('the context is not of a call');
  return context.connection;
}
