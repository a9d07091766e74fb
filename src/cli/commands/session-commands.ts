import type { CommandSpec } from './command-spec.ts';
import { MACHINE } from './machine-options.ts';

/** `latchkey session …`. Data only, as every table of commands. */
export const SESSION_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['session', 'show'],
    group: 'See and explain',
    summary: 'what you have to log in with, or what a host would be shown',
    arguments: [
      { name: 'HOST', required: false, help: 'HOST, USER@HOST, ssh://USER@HOST:PORT or gsissh://HOST' },
    ],
    options: MACHINE,
    details:
      'Looks at the agent, the usual ssh keys, the proxy, the bearer token and the AWS environment, and checks each. Nothing is connected, and no secret is shown.',
    examples: ['latchkey session show', 'latchkey session show gsissh://login.example.org'],
    load: async () => (await import('./session-show.ts')).sessionShow,
  },
];
