import { readFile } from 'node:fs/promises';
import { fail, type ToolContext } from './tool.ts';

/** How a tool finds the account name when `-l` is not given. */
export interface AccountChoice {
  /** `-l` */
  readonly username: string | undefined;
  /** `-d`: the subject of a certificate of one's own. */
  readonly isSubject: boolean;
  /** File of that certificate; default: the credential one would connect with. */
  readonly certificateFile?: string | undefined;
}

/** `-l`, else with `-d` the end entity's subject in one-line form, else `LOGNAME`. @throws ToolExit when there is none */
export async function accountName(context: ToolContext, choice: AccountChoice): Promise<string> {
  if (choice.username !== undefined) return choice.username;
  if (choice.isSubject) return subjectOf(context, choice.certificateFile);
  const name = context.env.LOGNAME;
  if (name === undefined)
    throw fail('Please specify a username.\n  hint: with -l NAME, or set the environment variable LOGNAME');
  return name;
}

async function subjectOf(context: ToolContext, given: string | undefined): Promise<string> {
  const { formatOneline, identityOf, locateClientCredentials, parseCertificates } = await import(
    '../../x509/index.ts'
  );
  let file = given;
  if (file === undefined) {
    const found = await locateClientCredentials({ env: { ...context.env }, uid: context.uid });
    file = found?.type === 'pair' ? found.certificatePath : found?.path;
  }
  const complaint = `Cannot get subject name from ${given ?? 'your certificate'}.`;
  if (file === undefined) throw fail(complaint);
  try {
    const name = identityOf(parseCertificates(await readFile(file, 'utf8')));
    if (name !== undefined) return formatOneline(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail(`${complaint}\n  hint: ${reason}`);
  }
  throw fail(complaint);
}
