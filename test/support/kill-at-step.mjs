// Loaded before a program (node --import) by tests only: kills it with SIGKILL at the n-th step it takes with files whose
// names match. Each operation has two steps: before it, and after it. KILL_AT_STEP=n, KILL_AT_FILES=regular expression;
// every step is written to the file KILL_AT_LOG.
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const target = Number(process.env.KILL_AT_STEP);
const files = new RegExp(process.env.KILL_AT_FILES);
const log = fs.openSync(process.env.KILL_AT_LOG, 'a');
const { writeSync } = fs;
const descriptors = new Set();
let step = 0;

function take(name) {
  step += 1;
  writeSync(log, `${step} ${name}\n`);
  if (step === target) process.kill(process.pid, 'SIGKILL');
}

function isOurs(value) {
  if (typeof value === 'string') return files.test(value);
  return typeof value === 'number' && descriptors.has(value);
}

const SYNC = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'ftruncateSync',
  'fchmodSync',
  'fchownSync',
  'closeSync',
  'renameSync',
  'unlinkSync',
  'linkSync',
];
for (const name of SYNC) {
  const original = fs[name];
  fs[name] = (...args) => {
    const isCounted = isOurs(args[0]);
    if (isCounted) take(`before ${name}`);
    const result = original.apply(fs, args);
    if (isCounted) take(`after ${name}`);
    if (name === 'openSync' && isCounted) descriptors.add(result);
    if (name === 'closeSync') descriptors.delete(args[0]);
    return result;
  };
}

for (const name of ['open', 'rename', 'unlink', 'link', 'writeFile']) {
  const original = fsp[name];
  fsp[name] = async (...args) => {
    const isCounted = isOurs(args[0]);
    if (isCounted) take(`before ${name}`);
    const result = await original.apply(fsp, args);
    if (isCounted) take(`after ${name}`);
    if (name === 'open' && isCounted) descriptors.add(result.fd);
    return result;
  };
}

const probe = await fsp.open(process.execPath, 'r');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ['write', 'writeFile', 'truncate', 'chmod', 'chown', 'sync', 'close']) {
  const original = prototype[name];
  prototype[name] = async function (...args) {
    const fd = this.fd;
    const isCounted = descriptors.has(fd);
    if (isCounted) take(`before file.${name}`);
    if (name === 'close') descriptors.delete(fd);
    const result = await original.apply(this, args);
    if (isCounted) take(`after file.${name}`);
    return result;
  };
}
syncBuiltinESMExports();
