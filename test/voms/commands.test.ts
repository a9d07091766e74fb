import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { type Grid, makeGrid } from '../support/grid.ts';
import { latchkeyExecutable } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { makeSite } from '../support/voms-site.ts';
import { endsWith, repositoryRoot, workspace } from '../support/workspace.ts';

const EXAMPLE = readFileSync(join(repositoryRoot, 'examples/voms/testvo.toml'), 'utf8');

/** A command that serves and says so with one line of JSON. */
async function serve(t: TestContext, grid: Grid, ...args: string[]) {
  const child = spawn(process.execPath, [latchkeyExecutable, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  endsWith(t, grid.directory, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const [first] = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  assert.equal(typeof first, 'string', log);
  return { child, ended, facts: JSON.parse(String(first)), log: () => log };
}

test('latchkey voms serve says what clients need, takes a new membership on SIGHUP, and ends on SIGTERM', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const membership = join(grid.directory, 'testvo.toml');
  writeFileSync(membership, EXAMPLE);
  const { child, ended, facts, log } = await serve(
    t,
    grid,
    ...['voms', 'serve', membership, '--listen', '127.0.0.1', '--port', '0'],
    ...['--cert', grid.host.certificate, '--key', grid.host.key, '--trust', grid.trustDirectory],
  );
  const { port } = facts.listening;
  assert.equal(facts.vomses, `"testvo" "localhost" "${port}" "${grid.host.dn}" "testvo"`);
  assert.equal(facts.lscFile, 'testvo/localhost.lsc');
  assert.deepEqual(facts.lsc, [grid.host.dn, grid.ca.dn]);

  const { env } = makeSite(grid, port);
  const init = async (...args: string[]) => {
    const run = await runProgram(process.execPath, [latchkeyExecutable, 'voms', 'init', ...args, '--json'], {
      env,
      cwd: grid.directory,
    });
    const text = run.code === 0 ? run.stdout : run.stderr;
    return { code: run.code, answer: JSON.parse(text.toString()) };
  };
  const good = await init('testvo:/testvo/analysis/Role=production', '--lifetime', '48h');
  assert.equal(good.code, 0, JSON.stringify(good.answer));
  const [attributes] = good.answer.attributes;
  assert.equal(attributes.fqans[0], '/testvo/analysis/Role=production/Capability=NULL');
  assert.equal(attributes.protocol, 'rest');
  assert.match(attributes.warnings[0], /shortened to 86400 seconds/);
  const [uneven] = good.answer.endNotTogether;
  assert.equal(uneven.endsFirst, 'attributes');
  assert.equal(Date.parse(uneven.proxyEnds), Date.parse(good.answer.notAfter));
  assert.equal(Date.parse(uneven.attributesEnd), Date.parse(attributes.expires));

  const dressed = await init('testvo', '--dress', '--lifetime', '1h', '--target', 'a.example,b.example');
  assert.equal(dressed.code, 0, JSON.stringify(dressed.answer));
  const refused = await init('testvo:/testvo/Role=nope');
  assert.deepEqual(
    [refused.code, refused.answer.error?.code ?? refused.answer.code],
    [3, 'voms/bad-request'],
  );
  assert.equal((await init('nosuch')).code, 5);
  assert.equal((await init('testvo:nonsense')).code, 2);

  writeFileSync(
    membership,
    EXAMPLE.replace('attributes = { nickname', 'suspended = "left"\nattributes = { nickname'),
  );
  child.kill('SIGHUP');
  for (let tries = 0; tries < 100 && !/membership of testvo read/.test(log()); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await init('testvo')).code, 3);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

test('latchkey voms serve does not start with a membership file that has mistakes, and tells all of them', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const membership = join(grid.directory, 'bad.toml');
  writeFileSync(membership, 'vo = "testvo"\nmembers = 1\n[[member]]\ndn = "x"\n');
  const { code, stderr } = await runProgram(
    process.execPath,
    [
      latchkeyExecutable,
      'voms',
      'serve',
      membership,
      '--cert',
      grid.host.certificate,
      '--key',
      grid.host.key,
    ],
    { env: { PATH: process.env.PATH, X509_CERT_DIR: grid.trustDirectory } },
  );
  assert.equal(code, 6);
  assert.match(
    stderr.toString(),
    /unknown key "members"; did you mean member\?; member 1: dn: "x" is no one-line name/,
  );
});

test('latchkey serve has an authority for each [[voms]], with what the server has', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const at = (name: string): string => join(grid.directory, name);
  mkdirSync(at('store'), { mode: 0o700 });
  writeFileSync(at('testvo.toml'), EXAMPLE);
  const other = EXAMPLE.replaceAll('/testvo', '/othervo').replace('vo = "testvo"', 'vo = "othervo"');
  writeFileSync(at('othervo.toml'), other);
  const config = [
    ...['[server]', 'listen = "127.0.0.1"', 'port = 0', `storage = "${at('store')}"`],
    ...[`certificate = "${grid.host.certificate}"`, `key = "${grid.host.key}"`],
    ...[`trust_directory = "${grid.trustDirectory}"`, '[audit]', 'file = "audit.log"'],
    ...['[log]', 'file = "server.log"', '[[voms]]', 'membership = "testvo.toml"', 'port = 0'],
    ...['[[voms]]', 'membership = "othervo.toml"', 'port = 0'],
    ...['[[voms]]', 'membership = "missing.toml"', 'port = 0', ''],
  ];
  writeFileSync(at('latchkey.toml'), config.join('\n'));
  const { child, ended, facts } = await serve(t, grid, 'serve', '-c', at('latchkey.toml'));
  assert.deepEqual(
    facts.voms.map(({ vo }: { vo: string }) => vo),
    ['testvo', 'othervo'],
  );
  const { env } = makeSite(grid, facts.voms[1].listening.port);
  writeFileSync(
    env.X509_VOMSES ?? '',
    `"othervo" "localhost" "${facts.voms[1].listening.port}" "${grid.host.dn}" "othervo"\n`,
  );
  const made = await runProgram(process.execPath, [latchkeyExecutable, 'voms', 'init', 'othervo', '--json'], {
    env,
    cwd: grid.directory,
  });
  assert.equal(made.code, 0, made.stderr.toString());
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  const audit = readFileSync(at('audit.log'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    audit.map(({ vo, verdict }) => [vo, verdict]),
    [['othervo', 'done']],
  );
});

test('SIGHUP starts authorities whose sections are new, stops those whose sections are gone, and keeps the others', async (t) => {
  if (!havePeers(t, 'openssl')) return;
  const grid = await makeGrid(workspace(t));
  const at = (name: string): string => join(grid.directory, name);
  mkdirSync(at('store'), { mode: 0o700 });
  const organisation = (name: string): void =>
    writeFileSync(at(`${name}.toml`), `vo = "${name}"\n[[member]]\ndn = "${grid.user.dn}"\n`);
  for (const name of ['onevo', 'twovo', 'threevo']) organisation(name);
  const configure = (...sections: string[]): void =>
    writeFileSync(
      at('latchkey.toml'),
      [
        ...['[server]', 'listen = "127.0.0.1"', 'port = 0', `storage = "${at('store')}"`],
        ...[`certificate = "${grid.host.certificate}"`, `key = "${grid.host.key}"`],
        ...[`trust_directory = "${grid.trustDirectory}"`, '[log]', 'file = "server.log"'],
        ...sections.map((name) => `[[voms]]\nmembership = "${name}.toml"\nport = 0`),
        '',
      ].join('\n'),
    );
  configure('fourvo');
  const { child, ended, log: errors } = await serve(t, grid, 'serve', '-c', at('latchkey.toml'));
  const log = (): string => `${readFileSync(at('server.log'), 'utf8')}${errors()}`;
  const said = async (words: RegExp): Promise<RegExpExecArray> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const found = words.exec(log());
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return assert.fail(`${words} in ${log()}`);
  };
  const ask = async (vo: string, port: string): Promise<number | null> => {
    const vomses = at(`vomses-${vo}`);
    writeFileSync(vomses, `"${vo}" "localhost" "${port}" "${grid.host.dn}" "${vo}"\n`, { mode: 0o644 });
    const args = ['voms', 'init', vo, '--vomses', vomses, '--json'];
    return (await runProgram(process.execPath, [latchkeyExecutable, ...args], { env, cwd: grid.directory }))
      .code;
  };
  const { env } = makeSite(grid, 1);
  await said(/VOMS: .*fourvo\.toml is not served: cannot read the membership file/);
  // The only section had no file: nothing ran, and SIGHUP reads it all the same.
  organisation('fourvo');
  configure('onevo', 'fourvo', 'twovo');
  child.kill('SIGHUP');
  const [, one = ''] = await said(/VOMS: onevo on 127\.0\.0\.1:(\d+), 1 member/);
  const [, two = ''] = await said(/VOMS: twovo on 127\.0\.0\.1:(\d+), 1 member/);
  assert.deepEqual([await ask('onevo', one), await ask('twovo', two)], [0, 0]);

  configure('onevo', 'threevo');
  child.kill('SIGHUP');
  await said(/VOMS: twovo is not served any more/);
  const [, three = ''] = await said(/VOMS: threevo on 127\.0\.0\.1:(\d+), 1 member/);
  assert.deepEqual([await ask('onevo', one), await ask('threevo', three)], [0, 0]);
  assert.notEqual(await ask('twovo', two), 0);

  // A configuration with a mistake changes nothing.
  writeFileSync(at('latchkey.toml'), '[[voms]]\nmembershp = "x"\n');
  child.kill('SIGHUP');
  await said(/the old configuration stays in force: /);
  assert.equal(await ask('onevo', one), 0);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});
