import type { CommandSpec } from './command-spec.ts';

const MEMBERSHIP = 'Membership in virtual organisations';

/** `latchkey voms info`. Data only, as every table of commands. */
export const VOMS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['voms', 'info'],
    group: MEMBERSHIP,
    summary: 'which groups and roles a proxy proves, and why others do not count',
    arguments: [
      {
        name: 'FILE',
        required: false,
        help: 'default X509_USER_PROXY, else /tmp/x509up_u<uid>',
        completes: 'file',
      },
    ],
    options: [
      {
        long: 'vo',
        value: 'VO',
        help: 'exit with 5 unless it has attributes of this organisation that count',
      },
      {
        long: 'trust',
        value: 'DIR',
        help: 'trust directory that servers are verified against; default: the usual one',
        completes: 'directory',
      },
      {
        long: 'voms-directory',
        value: 'DIR',
        help: 'who may speak for whom; default X509_VOMS_DIR, else /etc/grid-security/vomsdir',
        completes: 'directory',
      },
      {
        long: 'host',
        value: 'NAME',
        help: 'judge as this host would, for attributes that name their targets; default: this one',
      },
    ],
    details:
      'The exit code is 0 when all attributes that are in force verify, and 5 when one does not, or there are none.',
    examples: ['latchkey voms info', 'latchkey voms info job.pem --vo atlas --json'],
    load: async () => (await import('./voms-info.ts')).vomsInfo,
  },
];
