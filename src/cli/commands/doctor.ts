import { isLatchkeyError } from '../../kit/index.ts';
import type { Command, Invocation, Report } from './command.ts';
import type { Check, Examination } from './doctor-check.ts';
import { CHECKS } from './doctor-checks.ts';
import { examineAddress, MACHINE_CHECKS, type MachineExamination } from './doctor-machine.ts';
import { openSession } from './machine-session.ts';
import { findPlace } from './place.ts';

const MARKS = { ok: '✔', warning: '!', failed: '✘', skipped: '·' } as const;

/** `latchkey doctor [ADDRESS]`: looks at everything a connection needs, in the order it is needed. Exit code 1 when something failed. */
export const doctor: Command = async (invocation) => {
  const { context, given } = invocation;
  const [address] = given.arguments;
  if (address !== undefined) {
    const url = examineAddress(address);
    // What is wrong with what was given to log in with is a finding: the rest is looked at all the same.
    const session = await openSession(invocation).catch((error: unknown) => {
      if (!isLatchkeyError(error) || error.code === 'cli/usage') throw error;
      return error;
    });
    const machine: MachineExamination = { invocation, url, session };
    try {
      return await examine(invocation, MACHINE_CHECKS, machine);
    } finally {
      if (!isLatchkeyError(session)) await session.close();
    }
  }
  const examination: Examination = {
    invocation,
    place: await findPlace(invocation),
    env: context.env,
    now: context.now(),
  };
  return await examine(invocation, CHECKS, examination);
};

interface Row<Subject> {
  readonly name: string;
  readonly after?: readonly string[];
  readonly run: (subject: Subject) => Promise<Check | undefined>;
}

async function examine<Subject>(
  { json, note }: Invocation,
  rows: readonly Row<Subject>[],
  subject: Subject,
): Promise<Report> {
  const results: (Check & { readonly name: string })[] = [];
  for (const { name, run, after } of rows) {
    // What rests on something that failed would only repeat it.
    const broken = after?.find((needed) =>
      results.some((result) => result.name === needed && (result.state === 'failed' || result.isUnknown)),
    );
    const result =
      broken === undefined
        ? await run(subject).catch(checkOf)
        : { state: 'skipped' as const, detail: `not looked at: ${broken} first`, isUnknown: true };
    if (result === undefined) continue;
    results.push({ name, ...result });
    if (!json) note(line(name, result));
  }
  const failed = results.filter(({ state }) => state === 'failed').length;
  return {
    json: { ok: failed === 0, checks: results.map(({ isUnknown: _, ...check }) => check) },
    lines: [failed === 0 ? 'nothing stands in the way' : `${failed} of ${results.length} checks failed`],
    exitCode: failed === 0 ? 0 : 1,
  };
}

function checkOf(error: unknown): Check {
  const remedy = isLatchkeyError(error) ? error.hint : undefined;
  return {
    state: 'failed',
    detail: error instanceof Error ? error.message : String(error),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

function line(name: string, { state, detail, remedy }: Check): string {
  const text = `  ${MARKS[state]} ${name.padEnd(20)}${detail}`;
  return remedy === undefined ? text : `${text}\n      ${remedy}`;
}
