/**
 * `npm run demo:credmon`: a job whose tokens stay fresh. A real authorization server, the real monitor and its web page;
 * HTCondor around them is a stand-in, written from the contract of its credential directory.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../test/access-point/waiting.ts';
import { runJobProgram, type Sighting } from './credmon/job.ts';
import { narrate } from './credmon/narrator.ts';
import { STORAGE, type Stage, setStage } from './credmon/stage.ts';
import { visit } from './credmon/visitor.ts';

const USAGE = `usage: npm run demo:credmon [-- --auto]

  --auto   log in by itself, and end after the job has seen two renewals of each token
`;

const USER = 'alice';
const HANDLES = ['read', 'write'];

const SUBMIT_FILE = `executable                       = analyse.sh
use_oauth_services               = mytokens
mytokens_oauth_permissions_read  = storage.read:/data
mytokens_oauth_resource_read     = ${STORAGE}
mytokens_oauth_permissions_write = storage.modify:/results
mytokens_oauth_resource_write    = ${STORAGE}
queue`;

/** Renewals of each token that the automatic run waits for. */
const RENEWALS = 2;
const LOGIN_PATIENCE_MS = 30 * 60_000;
const RENEWAL_PATIENCE_MS = 120_000;
const REVOCATION_PATIENCE_MS = 120_000;

const args = process.argv.slice(2);
if (args.some((argument) => argument !== '--auto')) {
  process.stderr.write(USAGE);
  process.exit(args.includes('--help') || args.includes('-h') ? 0 : 2);
}
const isAutomatic = args.includes('--auto');

const say = narrate(process.stdout);
let stage: Stage | undefined;
let isEnding = false;

/** Ends everything once, however the demo ends. */
async function end(code: number): Promise<never> {
  if (isEnding) return await new Promise<never>(() => {});
  isEnding = true;
  await stage?.close();
  say.done('everything is put away');
  process.exit(code);
}

process.on('SIGINT', () => void end(isAutomatic ? 130 : 0));
process.on('SIGTERM', () => void end(143));

try {
  await play();
  await end(0);
} catch (error) {
  if (!isEnding) process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  await end(1);
}

async function play(): Promise<void> {
  say.chapter('The stage');
  stage = await setStage((who, what) => say.note(who, what));
  const { server, pool, base } = stage;
  say.done('authorization server', `${server.issuer}   real (oidc-provider); any name logs in`);
  say.done('access point', `${base}   a stand-in: credd, schedd, shadow, starter`);
  say.done(
    'credential monitor',
    `process ${pool.master.pid}, ${pool.pool.directory}   real (condor_credmon_oauth)`,
  );
  say.done('web page', `${pool.pool.webPrefix}   real`);

  say.chapter(`${USER} submits a job that asks for two tokens`);
  say.screen(`$ cat job.sub\n${SUBMIT_FILE}`);
  const first = await pool.submit(USER, SUBMIT_FILE);
  say.screen(`$ condor_submit job.sub\n${first.stdout}${first.stderr}`);
  if (first.url === undefined) throw new Error('the first submit gave no URL');
  const requestFile = join(pool.pool.directory, first.url.split('/').at(-1) ?? '');

  say.chapter('The login, once');
  if (isAutomatic) {
    await visit(first.url, USER, server.ca);
    say.done('logged in, over HTTP', 'as a browser without scripts would');
  } else {
    say.please(`open ${first.url}`);
    say.note('', "any name will do there; your browser asks whether you trust the server's test authority");
  }
  const isStored = (handle: string): boolean =>
    existsSync(pool.credd.path(USER, `mytokens_${handle}.top`)) && !existsSync(requestFile);
  await eventually(() => HANDLES.every(isStored), 'the login', LOGIN_PATIENCE_MS);
  say.done('both logins are stored', `${pool.pool.directory}/${USER}`);

  say.chapter('The same submit again');
  const second = await pool.submit(USER, SUBMIT_FILE);
  say.screen(`$ condor_submit job.sub\n${second.stdout}${second.stderr}`);
  if (second.job === undefined) throw new Error('the second submit was refused');
  const running = pool.run(second.job);
  if (running.hold !== undefined) throw new Error(`the job is held: ${running.hold.because}`);

  say.chapter(`The job runs, and its tokens are renewed${isAutomatic ? '' : ' (^C ends the demo)'}`);
  say.note('job', `_CONDOR_CREDS=${running.credentialDirectory}`);
  if (!isAutomatic) {
    const latchkey = `CONDOR_CONFIG=${pool.configFile} npx latchkey`;
    say.note('look yourself', `${latchkey} credmon list`);
    say.note('', `${latchkey} web code, for ${pool.pool.webPrefix}/sign-in`);
    say.note('', `tail -f ${join(pool.pool.logDirectory, 'CredMonOAuthLog')}`);
  }
  const sightings = new Map<string, number>();
  const program = runJobProgram(running, (sighting) => tell(sightings, sighting));
  try {
    const isEnough = (): boolean =>
      sightings.size === 2 && [...sightings.values()].every((count) => count > RENEWALS);
    if (isAutomatic) await eventually(isEnough, 'the renewals', RENEWAL_PATIENCE_MS);
    else for (;;) await sleep(3_600_000);
  } finally {
    program.kill();
    running.end();
  }
  say.chapter('The job is done');
  pool.schedd.leave(second.job);
  const revocations = (): number => server.requests.filter(({ path }) => path.endsWith('/revocation')).length;
  const before = revocations();
  pool.credd.remove({ user: USER, service: 'mytokens', handle: 'write' });
  say.done('condor_store_cred', 'delete-oauth -s mytokens -H write: .top and .use are gone');
  say.note('monitor', 'revokes what it had, about half a minute after the file is gone');
  await eventually(() => revocations() > before, 'the revocation', REVOCATION_PATIENCE_MS);
  say.done('authorization server', 'was asked to revoke the refresh token');
}

function tell(sightings: Map<string, number>, { file, id, scope, secondsLeft }: Sighting): void {
  const count = (sightings.get(file) ?? 0) + 1;
  sightings.set(file, count);
  const what = `${file.padEnd(19)} ${id.slice(0, 8)}…  ${scope}, ${secondsLeft} s left`;
  if (count === 1) say.note('job', `${what}   (first)`);
  else say.done('job has a new token', what);
}
