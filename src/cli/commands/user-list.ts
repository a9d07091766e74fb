import { formatOneline } from '../../x509/index.ts';
import { readChain } from './account.ts';
import type { Command } from './command.ts';
import { tableLines, validityJson, validityText } from './facts.ts';
import { stateUsers } from './place.ts';
import { requireState } from './user-add.ts';

/** `latchkey user list` */
export const userList: Command = async (invocation) => {
  const state = await requireState(invocation);
  const now = invocation.context.now();
  const users: { name: string; subject: string; notBefore: Date; notAfter: Date }[] = [];
  for (const { name, certificate } of await stateUsers(state)) {
    const [leaf] = await readChain(certificate);
    if (leaf !== undefined) {
      users.push({
        name,
        subject: formatOneline(leaf.subject),
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
      });
    }
  }
  return {
    json: {
      users: users.map(({ name, subject, notBefore, notAfter }) => ({
        user: name,
        subject,
        ...validityJson(notBefore, notAfter, now),
      })),
    },
    lines:
      users.length === 0
        ? ['nobody yet; latchkey user add NAME']
        : tableLines(
            ['USER', 'SUBJECT', 'CERTIFICATE'],
            users.map(({ name, subject, notBefore, notAfter }) => [
              name,
              subject,
              validityText(notBefore, notAfter, now),
            ]),
          ),
  };
};
