import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError, Secret } from '../../src/kit/index.ts';
import { openSsh, openSsh2, type SshOptions } from '../../src/ssh/index.ts';
import { askingServer } from '../support/asking-ssh-server.ts';
import { havePeers } from '../support/peers.ts';
import { sshOptions } from '../support/ssh-options.ts';
import { startSshd, throwAwayUser } from '../support/sshd.ts';

const PEERS = ['ssh', 'sshd', 'ssh-keygen'];
const BACK_ENDS = { OpenSSH: openSsh, ssh2: openSsh2 };
const CONFIG = ['UsePAM yes', 'KbdInteractiveAuthentication yes', 'PasswordAuthentication no'];

async function refusal(open: typeof openSsh, options: SshOptions) {
  const error = await open(options).then(
    (connection) => connection.close(),
    (reason: unknown) => reason,
  );
  assert.ok(isLatchkeyError(error, 'ssh/denied'), `${error}`);
  assert.ok(error.hint);
  return error;
}

for (const [name, open] of Object.entries(BACK_ENDS)) {
  test(`${name}: a server that asks by keyboard-interactive (PAM) gets the password, a wrong one once`, async (t) => {
    if (!havePeers(t, ...PEERS, 'useradd', 'userdel', 'chpasswd')) return;
    const { name: user, password } = throwAwayUser(t);
    const ground = await startSshd(t, { user, config: CONFIG });
    const options = (given: string) =>
      sshOptions(ground, { identityFiles: [], password: () => new Secret(given) });
    const connection = await open(options(password));
    t.after(() => connection.close());
    assert.equal((await connection.run(['id', '-un'])).stdout.toString(), `${user}\n`);
    assert.match(ground.target.log(), /Accepted keyboard-interactive/);
    await connection.close();
    const error = await refusal(open, options('not the one'));
    assert.match(error.message, /keyboard-interactive/);
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('not the one'));
    assert.equal(ground.target.log().match(/Failed keyboard-interactive/g)?.length, 1);
  });

  test(`${name}: what a server makes look like another’s question gets neither password nor pass phrase`, async (t) => {
    if (!havePeers(t, ...PEERS)) return;
    const ground = await startSshd(t);
    const secrets = [new Secret('the password'), new Secret(ground.passPhrase)] as const;
    const credential = {
      identityFiles: [ground.encryptedKey],
      password: secrets[0],
      passPhrases: new Map([[ground.encryptedKey, secrets[1]]]),
    };
    for (const prompts of [
      [`Enter passphrase for key '${ground.encryptedKey}': `],
      [`\nEnter passphrase for key '${ground.encryptedKey}': `],
      ["alice@bank.example's password: "],
      ['(alice@bank.example) Password: '],
      ['Your password has expired. New password: ', 'Retype new password: '],
      ['One-time password (OATH) for `alice`: '],
    ]) {
      const server = await askingServer(t, ground.directory, ground.target, prompts);
      const options = sshOptions(ground, credential);
      const error = await refusal(open, {
        ...options,
        target: { ...options.target, port: server.port },
        hostKeys: { policy: 'strict', knownHostsFiles: [server.knownHosts] },
      });
      assert.deepEqual(
        server.answers.filter((answer) => answer !== ''),
        [],
        prompts.join(),
      );
      assert.match(`${error.message} ${error.hint}`, /it asked ".*", and nothing was given for that/);
    }
    const twice = await askingServer(t, ground.directory, ground.target, ['Password: ', 'Password: ']);
    const options = sshOptions(ground, credential);
    await refusal(open, {
      ...options,
      target: { ...options.target, port: twice.port },
      hostKeys: { policy: 'strict', knownHostsFiles: [twice.knownHosts] },
    });
    assert.deepEqual(
      twice.answers.filter((answer) => answer !== ''),
      ['the password'],
    );
  });
}
