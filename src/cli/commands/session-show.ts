import type { ContextReport, Explanation, Session } from '../../session/index.ts';
import type { Command, Report } from './command.ts';
import { tableLines } from './facts.ts';
import { openSession } from './machine-session.ts';

/** `latchkey session show [HOST]`: the user's own contexts, or which of them a host would see; nothing is connected. */
export const sessionShow: Command = async (invocation) => {
  await using session = await openSession(invocation);
  const [host] = invocation.given.arguments;
  return host === undefined
    ? await ownContexts(session)
    : hostReport(await session.explain(host), await session.list());
};

async function ownContexts(session: Session): Promise<Report> {
  const contexts = await session.list();
  const { skippedDefaults } = await session.explain({ scheme: 'ssh', host: 'localhost' });
  return {
    json: { contexts: contexts.map(jsonOf), skipped: skippedDefaults },
    lines: [
      ...(contexts.length === 0
        ? ['nothing is found here to log in with', ...remedyLines(skippedDefaults.length > 0)]
        : tableLines(['CONTEXT', 'WHAT'], contexts.flatMap(rowsOf))),
      ...notUsed(skippedDefaults.map(({ place, why }) => [place, why])),
    ],
  };
}

function hostReport(explanation: Explanation, contexts: readonly ContextReport[]): Report {
  const { target, user, userFrom, used, skipped, conflict, skippedDefaults } = explanation;
  const from = userFrom === 'caller' ? 'as given' : `from ${userFrom}`;
  return {
    json: {
      ...{ target, user: user ?? null, used, skipped, skippedDefaults },
      conflict: conflict?.message ?? null,
      contexts: contexts.map(jsonOf),
    },
    lines: [
      `${addressOf(target)}: login name ${user === undefined ? 'as ssh decides' : `${user} (${from})`}`,
      ...(conflict === undefined ? [] : [conflict.message]),
      ...(used.length === 0
        ? ['nothing is found here that lets anybody in there', ...remedyLines(skippedDefaults.length > 0)]
        : [
            '',
            ...tableLines(
              ['USED', 'WHAT', 'WHY'],
              used.map(({ context, summary, why }) => [context, summary, why]),
            ),
          ]),
      ...notUsed([
        ...skipped.map(({ context, why }) => [context, why]),
        ...skippedDefaults.map(({ place, why }) => [place, why]),
      ]),
    ],
  };
}

/** No heading without rows. */
function notUsed(rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 0 ? [] : ['', ...tableLines(['NOT USED', 'WHY'], rows)];
}

/** What to do where there is nothing. @param hasLooked at the places where a user's own credentials are */
function remedyLines(hasLooked: boolean): readonly string[] {
  return [
    hasLooked
      ? '  load a key into an agent (ssh-add), make one (ssh-keygen), or get a proxy or token; where they were looked for is below'
      : "  --only-these looks at nothing of the user's own",
    '  or name one: --identity FILE, --login-proxy FILE, --password',
  ];
}

function addressOf({ scheme, host, port }: Explanation['target']): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
}

function rowsOf({ name, summary, warnings }: ContextReport): string[][] {
  return [[name, summary], ...warnings.map((warning) => ['', `warning: ${warning}`])];
}

function jsonOf(report: ContextReport): Record<string, unknown> {
  return { ...report, expiresAt: report.expiresAt?.toISOString() ?? null };
}
