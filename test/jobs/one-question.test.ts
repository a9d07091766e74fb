import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Service } from '../../src/jobs/index.ts';
import { Context, Session } from '../../src/session/index.ts';
import { findProgram, havePeers } from '../support/peers.ts';
import { SLURM_PROGRAMS, startSlurm } from '../support/slurm.ts';
import { startSshd } from '../support/sshd.ts';
import { workspace } from '../support/workspace.ts';

test('services for one Slurm with one login ask one question for all their jobs; another session asks its own', async (t) => {
  if (!havePeers(t, 'ssh', 'sshd', 'ssh-keygen', ...SLURM_PROGRAMS)) return;
  const place = workspace(t);
  const cluster = await startSlurm(t);
  mkdirSync(join(place, 'bin'));
  const log = join(place, 'asked');
  const squeue = `#!/bin/sh\nfor word; do case $word in --jobs=*) echo "$word" >> ${log};; esac; done\nexec ${findProgram('squeue')} "$@"\n`;
  writeFileSync(join(place, 'bin', 'squeue'), squeue, { mode: 0o755 });
  const variables = `PATH=${place}/bin:${process.env.PATH} SLURM_CONF=${cluster.env.SLURM_CONF}`;
  const ground = await startSshd(t, { config: [`SetEnv ${variables}`] });
  const open = async () => {
    const hostKeys = { policy: 'strict', knownHostsFiles: [ground.knownHosts] } as const;
    const session = new Session({ defaults: false, env: {}, home: '/nowhere', hostKeys });
    t.after(() => session.close());
    await session.addContext(new Context('SSH', { user_id: ground.user, user_key: ground.key }));
    return session;
  };
  const shared = await open();
  const poll = { leastMs: 100, mostMs: 300 };
  const at = `slurm+ssh://127.0.0.1:${ground.target.port}`;
  const services = [
    new Service(at, { session: shared, poll, sandboxRoot: join(place, 'one') }),
    new Service(`${at}?queue=debug`, { session: shared, poll, sandboxRoot: join(place, 'two') }),
    new Service(at, { session: await open(), poll, sandboxRoot: join(place, 'three') }),
  ];
  for (const service of services) t.after(() => service.close());
  const jobs = await Promise.all(
    services.map((service) => service.run({ executable: 'sleep', arguments: ['300'] })),
  );
  await Promise.all(jobs.map((job) => job.refresh()));
  const numbers = jobs.map((job) => /\[(\d+)\]$/.exec(job.id as string)?.[1] as string);
  rmSync(log, { force: true });
  const questions = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  for (let tries = 0; tries < 400 && questions().length < 20; tries += 1) await delay(50);
  const both = numbers.slice(0, 2).join(',');
  const kinds = new Set(questions().map((line) => line.slice(7).split(',').sort().join(',')));
  const alone = `${numbers[2]},${numbers[2]}`;
  assert.deepEqual([...kinds].sort(), [both.split(',').sort().join(','), alone].sort());
  for (const job of jobs) await job.cancel();
  for (const job of jobs) assert.equal(await job.wait({ timeoutMs: 60_000 }), true);
});
