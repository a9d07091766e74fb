import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasClient } from './has-client.ts';

const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 38311 /run/models/jobs/1/s
0000000000000000: 00000003 00000000 00000000 0001 03 38312 /run/models/jobs/2/s
0000000000000000: 00000003 00000000 00000000 0001 03 38313
`;
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2387 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:2388 0100007F:C35A 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0100007F:C35A 0100007F:2388 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
`;
const tables = { unix: UNIX, tcp: TCP };

test('a socket that only listens has no client, one with an accepted connection has', () => {
  assert.equal(hasClient('PYRO:model@./u:/run/models/jobs/1/s', tables), false);
  assert.equal(hasClient('PYRO:model@./u:/run/models/jobs/2/s', tables), true);
  assert.equal(hasClient('PYRO:model@./u:/run/models/jobs/2', tables), false);
});

test('a port counts where it is the local end of a connection that stands', () => {
  assert.equal(hasClient('PYRO:model@127.0.0.1:9095', tables), false);
  assert.equal(hasClient('PYRO:model@127.0.0.1:9096', tables), true);
  assert.equal(hasClient('PYRO:model@[::1]:9097', tables), false);
});
