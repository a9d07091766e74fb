import type { CommandSpec } from './command-spec.ts';

const WATCH = { long: 'watch', help: 'again every second, until q or ^C' };
const REMOTE = 'Remote applications';

/** `latchkey links …`. Data only, as every table of commands. */
export const LINKS_COMMANDS: readonly CommandSpec[] = [
  {
    path: ['links', 'list'],
    group: REMOTE,
    summary: 'the links between machines that your programs hold, and their state',
    options: [WATCH],
    examples: ['latchkey links list --watch'],
    load: async () => (await import('./links.ts')).linksList,
  },
  {
    path: ['links', 'map'],
    group: REMOTE,
    summary: 'hosts, links and their state as a picture',
    options: [
      {
        ...{ long: 'svg', value: 'FILE', completes: 'file' },
        help: 'draw it into a file instead of the terminal; - = standard output',
      },
      WATCH,
    ],
    examples: ['latchkey links map --svg links.svg'],
    load: async () => (await import('./links.ts')).linksMap,
  },
];
