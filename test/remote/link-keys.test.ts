import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/kit/index.ts';
import {
  connectObject,
  type Dial,
  dialSocket,
  Exposed,
  ObjectReference,
  ObjectServer,
} from '../../src/pyro/index.ts';
import { LINK_KEYS_OBJECT, LinkKeys } from '../../src/remote/index.ts';

test('references that wait for a connection that fails share the next one, and none is left open', async (t) => {
  const key = 'the key of the other model';
  const other = await ObjectServer.listen({
    address: { host: '127.0.0.1', port: 0 },
    token: new Secret(key),
  });
  t.after(() => other.close());
  const uri = other.publish(new Exposed({ methods: { ask: () => 'here' } }), 'field');
  const keys = new LinkKeys();
  const own = await ObjectServer.listen({ address: { host: '127.0.0.1', port: 0 } });
  t.after(() => own.close());
  const steering = await connectObject(own.publish(keys.exposed, LINK_KEYS_OBJECT));
  t.after(() => steering.close());
  await steering.call('add', [uri.slice(uri.indexOf('@') + 1), key, 'token']);

  let dialled = 0;
  const dial: Dial = async (address, signal) => {
    dialled += 1;
    if (dialled === 1) throw new Error('the first one is cut');
    return await dialSocket(address, signal);
  };
  const reference = new ObjectReference(uri);
  const followed = await Promise.allSettled(
    Array.from({ length: 4 }, () => keys.follow(reference, { dial, reconnect: { attempts: 1 } })),
  );
  assert.deepEqual(
    followed.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
  assert.equal(dialled, 2);
  await keys.close();
});
