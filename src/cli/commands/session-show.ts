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
        ? ['nothing is found here to log in with']
        : tableLines(['CONTEXT', 'WHAT'], contexts.flatMap(rowsOf))),
      '',
      ...tableLines(
        ['NOT USED', 'WHY'],
        skippedDefaults.map(({ place, why }) => [place, why]),
      ),
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
      '',
      ...tableLines(
        ['USED', 'WHAT', 'WHY'],
        used.map(({ context, summary, why }) => [context, summary, why]),
      ),
      '',
      ...tableLines(
        ['NOT USED', 'WHY'],
        [
          ...skipped.map(({ context, why }) => [context, why]),
          ...skippedDefaults.map(({ place, why }) => [place, why]),
        ],
      ),
    ],
  };
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
