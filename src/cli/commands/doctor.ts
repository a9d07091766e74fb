import type { Command } from './command.ts';
import type { Check, Examination } from './doctor-check.ts';
import { CHECKS } from './doctor-checks.ts';
import { findPlace } from './place.ts';

const MARKS = { ok: '✔', warning: '!', failed: '✘', skipped: '·' } as const;

/** `latchkey doctor`: looks at everything a connection needs, in the order it is needed. Exit code 1 when something failed. */
export const doctor: Command = async (invocation) => {
  const { context, json, note } = invocation;
  const examination: Examination = {
    invocation,
    place: await findPlace(invocation),
    env: context.env,
    now: context.now(),
  };
  const results: (Check & { readonly name: string })[] = [];
  for (const { name, run, after } of CHECKS) {
    // What rests on something that failed would only repeat it.
    const broken = after?.find((needed) =>
      results.some((result) => result.name === needed && result.state !== 'ok'),
    );
    const result: Check =
      broken === undefined
        ? await run(examination).catch((error: unknown) => ({
            state: 'failed' as const,
            detail: error instanceof Error ? error.message : String(error),
          }))
        : { state: 'skipped', detail: `not looked at: ${broken} first` };
    results.push({ name, ...result });
    if (!json) note(line(name, result));
  }
  const failed = results.filter(({ state }) => state === 'failed').length;
  return {
    json: { ok: failed === 0, checks: results },
    lines: [failed === 0 ? 'nothing stands in the way' : `${failed} of ${results.length} checks failed`],
    exitCode: failed === 0 ? 0 : 1,
  };
};

function line(name: string, { state, detail, remedy }: Check): string {
  const text = `  ${MARKS[state]} ${name.padEnd(20)}${detail}`;
  return remedy === undefined ? text : `${text}\n      ${remedy}`;
}
