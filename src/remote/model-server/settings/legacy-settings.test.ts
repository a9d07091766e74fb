import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLatchkeyError } from '../../../kit/index.ts';
import { type NetworkMode, readLegacySettings } from './legacy-settings.ts';

/** The names and values of the manual's page. */
const MANUAL = String.raw`
import sys, os, os.path
import Pyro4
Pyro4.config.SERIALIZER="pickle"
Pyro4.config.PICKLE_PROTOCOL_VERSION=2 #to work with python 2.x and 3.x
Pyro4.config.SERIALIZERS_ACCEPTED={'pickle'}
Pyro4.config.SERVERTYPE="multiplex"
mupif_dir = os.path.abspath(os.path.join(os.getcwd(), "../../.."))
sys.path.append(mupif_dir)
nshost = '192.0.2.71' #IP/name of a name server
nsport = 9090
hkey = 'mmp-secret-key'
server = '192.0.2.71'
serverPort = 44382
serverNathost = '127.0.0.1'
serverNatport = 5555
jobManName='Mupif.ModelServer@Example'
appName = 'MuPIFServer'
portsForJobs=( 9095, 9200 )
jobNatPorts = list(range(6000, 6050))
maxJobs=4
socketApps=10000
jobManWorkDir='.'
jobMan2CmdPath = "../../tools/JobMan2cmd.py"
serverUserName = os.getenv('USER')
if(sys.platform.lower().startswith('win')):#Windows ssh client
    sshClient = 'C:\\Program Files\\Putty\\putty.exe'
    options = '-i L:\\.ssh\\mech\id_rsa.ppk'
    sshHost = ''
else:#Unix ssh client
    sshClient = 'ssh'
    options = '-oStrictHostKeyChecking=no'
    sshHost = ''
`;

const read = (source: string, mode: NetworkMode = 1) =>
  readLegacySettings(source, '/etc/models/conf.py', mode, {
    env: { USER: 'jane', K: 'from-env' },
    platform: 'linux',
  });

test("the manual's settings are read, and what is unsafe or obsolete in them is told", () => {
  const { findings, key, ...settings } = read(MANUAL);
  assert.deepEqual(settings, {
    name: 'Mupif.ModelServer@Example',
    application: 'MuPIFServer',
    isKeyPublished: true,
    registry: { host: '192.0.2.71', port: 9090 },
    listen: { host: '192.0.2.71', port: 44382 },
    published: { host: '127.0.0.1', port: 5555 },
    ports: { first: 9095, last: 9200 },
    maxJobs: 4,
    directory: '/etc/models',
    ssh: { user: 'jane', program: undefined, options: [], host: undefined },
  });
  assert.equal(key?.revealText(), 'mmp-secret-key');
  assert.deepEqual(
    findings.map(({ code, index }) => `${code} ${index}`),
    [
      'settings-pickle 4',
      'settings-obsolete 20',
      'settings-obsolete 22',
      'settings-obsolete 24',
      'settings-key-published 12',
      'settings-nat 15',
      'settings-host-key 32',
    ],
  );
});

test('-m 0 keeps everything on this machine, -m 2 goes straight, and neither has NAT', () => {
  const local = read(MANUAL, 0);
  assert.deepEqual(
    [local.listen.host, local.registry?.host, local.published],
    ['127.0.0.1', '127.0.0.1', undefined],
  );
  const vpn = read(MANUAL, 2);
  assert.deepEqual(
    [vpn.listen.host, vpn.registry?.host, vpn.published],
    ['192.0.2.71', '192.0.2.71', undefined],
  );
});

test('host keys stay checked, however the option is written; other options stay', () => {
  const { ssh, findings } = read(
    `options = '-o StrictHostKeyChecking=no -i "/home/j/my key" -oUserKnownHostsFile=/dev/null -C'`,
  );
  assert.deepEqual(ssh.options, ['-i', '/home/j/my key', '-C']);
  assert.equal(findings.filter(({ code }) => code === 'settings-host-key').length, 2);
});

test('None, "None" and -1 are no NAT', () => {
  for (const none of ['None', "'None'", '-1'])
    assert.equal(read(`serverNathost='127.0.0.1'\nserverNatport=${none}`).published, undefined);
});

test('a key in clear is told, one from the environment is not', () => {
  const codes = (source: string) => read(source).findings.map(({ code }) => code);
  assert.deepEqual(codes("hkey = 'mine alone'"), ['settings-key-in-file']);
  assert.deepEqual(codes("hkey = os.getenv('K')"), []);
});

test('values that cannot be are refused, all at once, without the key', () => {
  assert.throws(
    () =>
      read(
        `serverPort = 'x'\nmaxJobs = 0\nportsForJobs = (1, 3, 7)\nhkey = 12345\njobManName = '../x'\nserver = f()`,
      ),
    (error) =>
      isLatchkeyError(error, 'config/invalid') &&
      ['serverPort', 'maxJobs', 'portsForJobs', 'hkey', 'jobManName', 'server cannot be known'].every(
        (word) => error.message.includes(word),
      ) &&
      !error.message.includes('12345'),
  );
});

test('fewer ports than jobs are told', () => {
  assert.deepEqual(
    read('portsForJobs=(9091,9094)\nmaxJobs=30').findings.map(({ code }) => code),
    ['settings-few-ports'],
  );
  assert.deepEqual(read('portsForJobs=[9091,9092,9093,9094]').ports, { first: 9091, last: 9094 });
});
