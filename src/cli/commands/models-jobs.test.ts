import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusLines } from './models-jobs.ts';

const job = { user: 'jane', running: 3, port: 0, isLive: true, ending: null, queue: null, batch: null };

test('a job that waits at a scheduler is shown with what it waits as, and one that a scheduler ended with its reason', () => {
  const status = {
    ...{ name: 'Models', totalJobs: 1, maxJobs: 4, freeJobs: 3, waiting: 0, isDraining: false },
    currJobs: [
      {
        ...{ ...job, key: '1@Models', state: 'ended', isLive: false },
        ending: {
          reason: 'exited',
          exitCode: null,
          signal: 'SIGTERM',
          why: 'its wall time was over (slurm says TO)',
        },
      },
      {
        ...{ ...job, key: '2@Models', state: 'queued', batch: '[slurm://localhost]-[17]' },
        queue: { position: 1, state: 'Pending', native: 'PD', reason: null, hosts: [] },
      },
    ],
  };
  const [heading, , , ...lines] = statusLines(status);
  assert.equal(heading, 'Models: 1 of 4 jobs, 3 free');
  assert.match(
    lines[0] ?? '',
    /^2@Models +queued +jane +3 s +\[slurm:\/\/localhost\]-\[17\], 1\. of its server, PD$/,
  );
  assert.match(lines[1] ?? '', /^1@Models +ended +.* its wall time was over \(slurm says TO\)$/);
});
