import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isLatchkeyError } from '../../src/kit/index.ts';
import { type PyroDict, RemoteError, type RemoteObject } from '../../src/pyro/index.ts';
import { getFile, putFile } from '../../src/remote/index.ts';
import { Uploads } from '../../src/remote/model-server/files/uploads.ts';
import { freePort } from '../support/free-port.ts';
import { modelServerProcess } from '../support/model-server-process.ts';
import { until } from '../support/model-servers.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

/** A job that is there only to have files: a stand-in that answers with our object wire is not needed for that. */
async function jobWithFiles(t: TestContext): Promise<{
  readonly client: RemoteObject;
  readonly jobID: string;
  readonly inside: string;
  readonly directory: string;
  /** Of the server. */
  readonly pid: number;
}> {
  const directory = workspace(t);
  const script = join(directory, 'model.mjs');
  writeFileSync(script, 'export class Model { nothing() {} }');
  const server = await modelServerProcess(t, ['--class', `${script}#Model`]);
  const client = await server.connect();
  const { jobID } = (await client.call('allocate', ['jane'])) as PyroDict;
  return {
    client,
    jobID: String(jobID),
    inside: join(server.directory, 'jobs', '1', 'work'),
    directory,
    pid: server.process.pid ?? 0,
  };
}

const isFileError = (words: RegExp) => (error: unknown) =>
  error instanceof RemoteError && error.attributes.code === 'remote/file' && words.test(error.message);

test('a file goes there and back whole, with its permissions, and tells how far it is', async (t) => {
  const { client, jobID, inside, directory } = await jobWithFiles(t);
  const [local, back] = [join(directory, 'in'), join(directory, 'out')];
  const bytes = randomBytes(5 * 2 ** 20 + 17);
  writeFileSync(local, bytes);
  chmodSync(local, 0o640);
  const told: number[] = [];
  await putFile(client, jobID, local, 'input.in', {
    onProgress: (done, total) => void told.push(done / total),
  });
  assert.deepEqual(readFileSync(join(inside, 'input.in')), bytes);
  assert.equal(statSync(join(inside, 'input.in')).mode & 0o777, 0o640);
  assert.equal(told.length, 6);
  assert.equal(told.at(-1), 1);
  assert.deepEqual(readdirSync(inside), ['input.in']);
  await getFile(client, jobID, 'input.in', back);
  assert.deepEqual(readFileSync(back), bytes);
  assert.equal(existsSync(`${back}.part`), false);
});

test('what was on its way goes on with the pieces that are missing; before, nothing has the name', async (t) => {
  const { client, jobID, inside } = await jobWithFiles(t);
  const bytes = randomBytes(3 * 2 ** 20);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const begin = async () =>
    (await client.call('beginFile', [jobID, 'big', bytes.length, sha256])) as PyroDict;
  const { upload } = await begin();
  const put = (chunk: number) =>
    client.call('writeFile', [jobID, upload, chunk, bytes.subarray(chunk << 20, (chunk + 1) << 20)]);
  await Promise.all([put(2), put(0)]);
  await assert.rejects(client.call('finishFile', [jobID, upload]), isFileError(/1 pieces are missing/));
  assert.equal(existsSync(join(inside, 'big')), false);
  assert.deepEqual((await begin()).missing, [1]);
  await put(1);
  await client.call('finishFile', [jobID, upload]);
  assert.deepEqual(readFileSync(join(inside, 'big')), bytes);
});

test('two that begin the same file at once send one', async (t) => {
  const { client, jobID, inside } = await jobWithFiles(t);
  const bytes = randomBytes(1000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const begun = (await Promise.all(
    Array.from({ length: 8 }, () => client.call('beginFile', [jobID, 'same', bytes.length, sha256])),
  )) as readonly PyroDict[];
  const uploads = new Set(begun.map(({ upload }) => upload));
  assert.equal(uploads.size, 1);
  const [upload] = uploads;
  await client.call('writeFile', [jobID, upload, 0, bytes]);
  await client.call('finishFile', [jobID, upload]);
  assert.deepEqual(readFileSync(join(inside, 'same')), bytes);
  assert.deepEqual(readdirSync(inside), ['same']);
});

test('what did not arrive as it was is not there, and leaves what was before', async (t) => {
  const { client, jobID, inside } = await jobWithFiles(t);
  await client.call('uploadFile', [jobID, 'data', Buffer.from('before')]);
  const { upload } = (await client.call('beginFile', [jobID, 'data', 4, '0'.repeat(64)])) as PyroDict;
  await assert.rejects(
    client.call('writeFile', [jobID, upload, 0, Buffer.from('xxxxx')]),
    isFileError(/has 5 bytes, not 4/),
  );
  await client.call('writeFile', [jobID, upload, 0, Buffer.from('torn')]);
  await assert.rejects(client.call('finishFile', [jobID, upload]), isFileError(/did not arrive as it was/));
  assert.equal(readFileSync(join(inside, 'data'), 'utf8'), 'before');
  assert.deepEqual(readdirSync(inside), ['data']);
});

test('no path leads out of the directory of the job: not up, not from the root, not by a link, not into a pipe', async (t) => {
  const { client, jobID, inside, directory } = await jobWithFiles(t);
  writeFileSync(join(directory, 'secret'), 'of the server');
  symlinkSync(join(directory, 'secret'), join(inside, 'link'));
  symlinkSync(directory, join(inside, 'out'));
  spawnSync('mkfifo', [join(inside, 'pipe')]);
  const paths = [
    '../job.log',
    'a/../../job.log',
    '/etc/passwd',
    'link',
    'out/secret',
    'a\0b',
    `${'x/'.repeat(40)}x`,
  ];
  for (const path of paths) {
    await assert.rejects(client.call('readFile', [jobID, path]), isFileError(/./), path);
    await assert.rejects(client.call('statFile', [jobID, path]), isFileError(/./), path);
  }
  for (const path of ['../job.log', '/etc/passwd'])
    await assert.rejects(client.call('getPyroFile', [jobID, path, 'rb']), isFileError(/./), path);
  await assert.rejects(client.call('readFile', [jobID, 'pipe']), isFileError(/is no file|no file/));
  for (const path of ['../x', '/tmp/x', 'out/x', '../../key'])
    await assert.rejects(client.call('uploadFile', [jobID, path, Buffer.from('x')]), isFileError(/./), path);
  // A link under the file's own name is replaced, not followed.
  await client.call('uploadFile', [jobID, 'link', Buffer.from('mine')]);
  assert.equal(readFileSync(join(directory, 'secret'), 'utf8'), 'of the server');
  assert.equal(readFileSync(join(inside, 'link'), 'utf8'), 'mine');
  // Errors do not tell where the server has its files.
  await assert.rejects(client.call('readFile', [jobID, 'gone']), (error) => !String(error).includes(inside));
});

test("a file that changes while it is read is an error, and others' files are not theirs", async (t) => {
  const { client, jobID, inside } = await jobWithFiles(t);
  writeFileSync(join(inside, 'f'), 'one');
  const { tag } = (await client.call('statFile', [jobID, 'f'])) as PyroDict;
  writeFileSync(join(inside, 'f'), 'three');
  await assert.rejects(client.call('readFile', [jobID, 'f', 0, 10, tag]), isFileError(/has changed/));
  await assert.rejects(client.call('listFiles', ['9@Models', '.']));
  const listed = (await client.call('listFiles', [jobID])) as readonly PyroDict[];
  assert.deepEqual(
    listed.map(({ name, size }) => [name, size]),
    [['f', 5]],
  );
});

test('the old file object works from Python: pieces there and back', async (t) => {
  if (!havePeers(t, 'pyro4-ns')) return;
  const directory = workspace(t);
  const port = await freePort();
  const script = join(directory, 'model.mjs');
  writeFileSync(script, 'export class Model { nothing() {} }');
  const server = await modelServerProcess(t, ['--class', `${script}#Model`, '--listen', `127.0.0.1:${port}`]);
  const python = `
import Pyro4, serpent, sys
Pyro4.config.SERIALIZER = 'serpent'
jobman = Pyro4.Proxy('PYRO:models@127.0.0.1:${port}')
jobman._pyroHmacKey = sys.stdin.read().encode()
key = jobman._pyroHmacKey
code, jobID, jobPort = jobman.allocateJob('jane')
f = jobman.getPyroFile(jobID, 'input.in', 'wb')
f._pyroHmacKey = key
f.setChunk(b'0 1 2 ')
f.setChunk(b'3')
f.close()
g = jobman.getPyroFile(jobID, 'input.in', 'r', 4)
g._pyroHmacKey = key
pieces = []
while True:
    piece = serpent.tobytes(g.getChunk())
    if not piece: break
    pieces.append(piece)
print(pieces)
try:
    h = jobman.getPyroFile(jobID, '../../key', 'r')
except OSError as error:
    print(error.code)
jobman.terminateJob(jobID)
`;
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', python], {
    encoding: 'utf8',
    timeout: 60_000,
    input: server.key.revealText(),
  });
  assert.equal(stdout, "[b'0 1 ', b'2 3']\nremote/file\n", stderr);
});

/** What a process has open. */
function openFiles(pid: number): readonly string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).map((name) => {
    try {
      return readlinkSync(join(directory, name));
    } catch {
      // Closed in this moment.
      return '';
    }
  });
}

/** A stand-in for a model server that lies: the answers it gives, by method. */
function lying(answers: Readonly<Record<string, unknown>>): RemoteObject {
  const call = async (method: string): Promise<unknown> => answers[method] ?? null;
  return { call } as unknown as RemoteObject;
}

test('a server that lies about a file costs neither memory nor bytes that nobody asked for', async (t) => {
  const directory = workspace(t);
  const [local, back] = [join(directory, 'in'), join(directory, 'out')];
  writeFileSync(local, 'six by');
  const isLie = (error: unknown) =>
    isLatchkeyError(error, 'remote/file') && /contradicts itself/.test(error.message);
  for (const size of [2 ** 50, Number.POSITIVE_INFINITY, Number.NaN, -5, 'all of it']) {
    const facts = { size, tag: 'x', mode: 0o600 };
    await assert.rejects(
      getFile(lying({ statFile: facts, readFile: new Uint8Array() }), '1@M', 'x', back),
      isLie,
    );
  }
  const five = { size: 5, tag: 'x', mode: 0o600 };
  for (const readFile of [new Uint8Array(1 << 20), 'hello', null])
    await assert.rejects(getFile(lying({ statFile: five, readFile }), '1@M', 'x', back), isLie);
  for (const begun of [
    { chunkBytes: 0, missing: [0] },
    { chunkBytes: Number.NaN, missing: [0] },
    { chunkBytes: 2 ** 40, missing: [0] },
    { chunkBytes: 4, missing: [2] },
    { chunkBytes: 4, missing: [-1] },
    { chunkBytes: 4, missing: 'all' },
    {},
  ])
    await assert.rejects(putFile(lying({ beginFile: { upload: 'u', ...begun } }), '1@M', local, 'x'), isLie);
  assert.deepEqual(readdirSync(directory), ['in']);
});

test('what waits under the name that a fetched file might have until it is whole gets nothing of it', async (t) => {
  const directory = workspace(t);
  const waiting = join(directory, 'out.part');
  writeFileSync(waiting, '');
  const answers = {
    statFile: { size: 6, tag: 'x', mode: 0o600 },
    readFile: Buffer.from('secret'),
    hashFile: createHash('sha256').update('secret').digest('hex'),
  };
  await getFile(lying(answers), '1@M', 'x', join(directory, 'out'));
  assert.equal(readFileSync(join(directory, 'out'), 'utf8'), 'secret');
  assert.equal(readFileSync(waiting, 'utf8'), '');
});

test('a file of any size that is made of nothing is summed up no longer than somebody waits', async (t) => {
  const { client, jobID, inside, pid } = await jobWithFiles(t);
  writeFileSync(join(inside, 'sparse'), '');
  truncateSync(join(inside, 'sparse'), 8 * 2 ** 40);
  const giveUp = new AbortController();
  const hashing = client.call('hashFile', [jobID, 'sparse'], { signal: giveUp.signal });
  const isUsed = () => openFiles(pid).some((path) => path.endsWith('/sparse'));
  await until(isUsed, 'it is being read');
  giveUp.abort();
  await assert.rejects(hashing);
  await until(() => !isUsed(), 'it is read no more');
});

test('files that are written and never closed are bounded, all of a job together, and go with their client', async (t) => {
  const { client, jobID } = await jobWithFiles(t);
  const isFull = isFileError(/files that are not closed/);
  const piece = new Uint8Array(60 << 20);
  const open = async () => client.follow(await client.call('getPyroFile', [jobID, 'x', 'wb']));
  const files = [await open(), await open()];
  for (const file of files) for (let i = 0; i < 2; i += 1) await file.call('setChunk', [piece]);
  await assert.rejects((await open()).call('setChunk', [piece]), isFull);
  await files[0]?.call('close');
  const more = await open();
  await more.call('setChunk', [piece]);
});

test('one job cannot keep another from its files by beginning many', async (t) => {
  const root = workspace(t);
  const uploads = new Uploads(1 << 20);
  t.after(() => uploads.close());
  const begin = (job: string, path: string) =>
    uploads.begin({ job, root, path, size: 1, sha256: '0'.repeat(64), mode: 0o600 }, 0);
  await Promise.all(Array.from({ length: 64 }, (_, n) => begin('1@M', `file${n}`)));
  await assert.rejects(begin('1@M', 'more'), (error) => isLatchkeyError(error, 'remote/file'));
  await begin('2@M', 'other');
  await uploads.dropJob('1@M');
  await begin('1@M', 'more');
});
