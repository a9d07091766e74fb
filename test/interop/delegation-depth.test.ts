import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/kit/index.ts';
import { formatOneline, isLimitedChain, parseCertificates } from '../../src/x509/index.ts';
import { makeGrid } from '../support/grid.ts';
import { startOurServer } from '../support/our-server.ts';
import { linkOurTools } from '../support/our-tools.ts';
import { havePeers } from '../support/peers.ts';
import { workspace } from '../support/workspace.ts';

for (const tools of ['our', 'C'] as const) {
  test(`four delegations in a row verify subject by subject, and limited stays limited (${tools} tools)`, async (t) => {
    if (!havePeers(t, 'openssl', 'grid-proxy-init', 'grid-proxy-info', 'myproxy-init', 'myproxy-logon'))
      return;
    const directory = workspace(t);
    const grid = await makeGrid(join(directory, 'grid'));
    const server = await startOurServer(t, grid);
    const bin = linkOurTools(
      join(directory, 'bin'),
      tools === 'our' ? ['myproxy-init', 'myproxy-logon', 'grid-proxy-init'] : [],
    );
    const env = { ...server.env, PATH: `${bin}:${process.env.PATH}`, HOME: directory };
    const run = async (program: string, args: string[], more: NodeJS.ProcessEnv = {}) => {
      const result = await runProgram(program, args, {
        env: { ...env, ...more },
        input: 'secretpw1\n',
        timeoutMs: 60_000,
      });
      assert.equal(result.code, 0, `${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
      return result.stdout.toString();
    };

    // Each round stores what the round before got: init delegates once, the store once, logon once.
    let source = {
      X509_USER_CERT: grid.user.certificate,
      X509_USER_KEY: grid.user.key,
      X509_USER_PROXY: '/nonexistent',
    };
    let last = '';
    for (let round = 1; round <= 2; round += 1) {
      last = join(directory, `round${round}.pem`);
      await run(
        'myproxy-init',
        [
          '-S',
          '-a',
          '-l',
          'jane',
          '-k',
          `r${round}`,
          '-c',
          '100',
          '-C',
          source.X509_USER_CERT,
          '-y',
          source.X509_USER_KEY,
        ],
        source,
      );
      await run('myproxy-logon', ['-S', '-l', 'jane', '-k', `r${round}`, '-o', last, '-t', '12']);
      source = { X509_USER_CERT: last, X509_USER_KEY: last, X509_USER_PROXY: last };
    }
    const chain = parseCertificates(readFileSync(last, 'utf8'));
    assert.ok(chain.length >= 5, `${chain.length} certificates`);
    for (const [i, certificate] of chain.entries()) {
      const issuer = chain[i + 1];
      if (issuer === undefined) break;
      const subject = formatOneline(certificate.subject);
      assert.ok(subject.startsWith(`${formatOneline(issuer.subject)}/CN=`), subject);
      assert.equal(formatOneline(certificate.issuer), formatOneline(issuer.subject));
    }
    const hash = join(directory, 'untrusted.pem');
    await run('cp', [last, hash]);
    await run('openssl', [
      'verify',
      '-allow_proxy_certs',
      '-CAfile',
      grid.ca.certificate,
      '-untrusted',
      hash,
      last,
    ]);
    const shown = await runProgram('grid-proxy-info', ['-file', last], {
      env: { PATH: process.env.PATH, HOME: directory },
    });
    assert.match(shown.stdout.toString(), /identity +: \/O=Grid\/OU=Test\/CN=Jane User\n/);

    const limited = join(directory, 'limited.pem');
    await run('grid-proxy-init', [
      '-limited',
      '-q',
      '-cert',
      grid.user.certificate,
      '-key',
      grid.user.key,
      '-out',
      limited,
    ]);
    await run(
      'myproxy-init',
      ['-S', '-a', '-l', 'jane', '-k', 'lim', '-c', '10', '-C', limited, '-y', limited],
      { X509_USER_PROXY: limited },
    );
    const out = join(directory, 'limited-out.pem');
    await run('myproxy-logon', ['-S', '-l', 'jane', '-k', 'lim', '-o', out]);
    assert.equal(isLimitedChain(parseCertificates(readFileSync(out, 'utf8'))), true);
  });
}
