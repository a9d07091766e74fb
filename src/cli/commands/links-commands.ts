import type { CommandSpec } from './command-spec.ts';

const REMOTE = 'Remote applications';

/** `latchkey links …`. Data only, as every table of commands. */
export const LINKS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['links', 'list'],
    group: REMOTE,
    summary: 'the links between machines that your programs hold, and their state',
    options: [],
    load: async () => (await import('./links.ts')).linksList,
  },
  {
    path: ['links', 'map'],
    group: REMOTE,
    summary: 'hosts, links and their state as a picture',
    options: [
      { long: 'svg', value: 'FILE', help: 'draw it into a file instead of the terminal', completes: 'file' },
    ],
    examples: ['latchkey links map --svg links.svg'],
    load: async () => (await import('./links.ts')).linksMap,
  },
];
