import { type LinkBoard, layOutLinks, type MapColumns } from '../../remote/index.ts';
import type { LinkMap, LinkPicture, LinkProgram, LinkSource, LinkView } from '../../web/index.ts';
import { rememberedUserNames } from './user-names.ts';

/** A page that many look at costs one look at the board a second. */
const FRESH_MS = 1_000;

/** The links that programs of this machine have told of, each under the name of the user who owns the report. */
export interface ReportedLinks extends LinkSource {
  /** How many links of running programs stand in which state. */
  states(): Promise<ReadonlyMap<string, number>>;
}

/** States that are told in numbers; what else a report says is one of `other`. */
const STATES = ['opening', 'listening', 'proven', 'degraded', 'lost'];

export function reportedLinks(
  board: LinkBoard,
  nameOf: (uid: number) => Promise<string | undefined> = rememberedUserNames(),
  now: () => number = Date.now,
): ReportedLinks {
  let last: { readonly at: number; readonly programs: Promise<readonly LinkProgram[]> } | undefined;
  const programs = async (): Promise<readonly LinkProgram[]> => {
    if (last === undefined || Math.abs(now() - last.at) >= FRESH_MS)
      last = { at: now(), programs: read(board, nameOf) };
    return await last.programs;
  };
  return {
    async picture(owner) {
      const all = await programs();
      return pictureOf(owner === undefined ? all : all.filter((program) => program.owner === owner));
    },
    async states() {
      const counts = new Map(STATES.map((state) => [state, 0]));
      for (const { isRunning, links } of await programs()) {
        if (!isRunning) continue;
        for (const { state } of links) {
          const told = STATES.includes(state) ? state : 'other';
          counts.set(told, (counts.get(told) ?? 0) + 1);
        }
      }
      return counts;
    },
  };
}

/** Names first, running ones first; a uid that has no name is nobody's account, and shown as its number. */
async function read(board: LinkBoard, nameOf: (uid: number) => Promise<string | undefined>) {
  const reports = await board.read();
  const programs = await Promise.all(
    reports.map(async ({ uid, name, pid, isRunning, toldAt, links }) => ({
      ...{ owner: (await nameOf(uid)) ?? `#${uid}`, name, pid, isRunning, toldAt },
      links: links.map(({ machines, from, to, state, since, cause, remedy, provenAt, isShared }) => ({
        ...{ number: 0, machines, from, to, state, since: new Date(since), cause, remedy, isShared },
        provenAt: provenAt === undefined ? undefined : new Date(provenAt),
      })),
    })),
  );
  return programs.sort(
    (a, b) =>
      Number(b.isRunning) - Number(a.isRunning) || (a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : 0),
  );
}

/** Links are numbered as they are shown, so that the map and the table name the same one. */
function pictureOf(programs: readonly LinkProgram[]): LinkPicture {
  let count = 0;
  const numbered = programs.map((program) => ({
    ...program,
    links: program.links.map((link): LinkView => {
      count += 1;
      return { ...link, number: count };
    }),
  }));
  const standing = numbered.flatMap(({ isRunning, links }) => (isRunning ? links : []));
  return { programs: numbered, maps: { wide: mapOf(standing, 2), narrow: mapOf(standing, 1) } };
}

function mapOf(links: readonly LinkView[], columns: MapColumns): LinkMap {
  const { arrows, ...layout } = layOutLinks(links, columns);
  return {
    ...layout,
    arrows: arrows.map(({ links: places, ...arrow }) => ({
      ...arrow,
      numbers: places.map((place) => links[place]?.number ?? 0),
    })),
  };
}
