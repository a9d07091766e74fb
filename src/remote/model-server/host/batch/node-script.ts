import { createHmac } from 'node:crypto';
import type { JobDescription } from '../../../../jobs/index.ts';
import type { Secret } from '../../../../kit/index.ts';
import { JOB_LOG, WORK_DIRECTORY } from '../job-directory.ts';
import { DIRECTORY_VARIABLE } from '../job-processes.ts';
import { DESCRIPTOR_VARIABLE, type Instruction, type ModelPlace, REPORT_DESCRIPTOR } from '../report.ts';

/** In the model's directory: what it is told, and what it was told with what it has reported. Both 0600. */
export const INSTRUCTION_FILE = 'instruction';
export const REPORT_FILE = 'report';

/** Stands for the node's address until the node puts it in: no name of a server and no key has a `%`. */
const NODE = '%NODE%';

/** Where a model is to listen: on the address of the node it runs on, which only the node knows, or at a place that is known before. */
export type NodePlace = 'node' | ModelPlace;

/** What the description of the batch job is made from. */
export interface NodeJob {
  readonly job: string;
  /** Absolute, on the node. */
  readonly directory: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What its user asks of the scheduler. */
  readonly given: Partial<JobDescription>;
}

/**
 * What a model is told, as one line. The token is made from the job's key, so that a server that comes back knows it again.
 */
export function instructionLine(job: string, key: Secret, place: NodePlace): string {
  const listen = place === 'node' ? { host: NODE, port: 0 } : place;
  const instruction: Instruction = {
    ...{ version: 1, job, token: reportToken(job, key) },
    ...{ key: key.revealText(), listen },
  };
  return `${JSON.stringify(instruction)}\n`;
}

/** The token a report must have. */
export function reportToken(job: string, key: Secret): string {
  return createHmac('sha256', key.revealText()).update(`report of ${job}`).digest('base64url');
}

/**
 * The batch job that is the model. Lines of shell before the program find the directory, turn the output into the job's log, keep it from
 * running twice, complete the instruction by the node's address, and open the descriptor that the model is told to report on: a file that has
 * the instruction as its first line, and gets the report as its second. No word and no variable of it is secret.
 */
export function nodeJobDescription({ job, directory, command, environment, given }: NodeJob): JobDescription {
  const [executable = '', ...words] = command;
  return {
    name: job.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 60),
    ...given,
    executable,
    arguments: words,
    environment: {
      PYTHONUNBUFFERED: '1',
      ...environment,
      ...given.environment,
      LATCHKEY_JOB_ID: job,
      [DIRECTORY_VARIABLE]: directory,
      [DESCRIPTOR_VARIABLE]: String(REPORT_DESCRIPTOR),
    },
    workingDirectory: `${directory}/${WORK_DIRECTORY}`,
    preExec: [...beforeAll(directory), ...(given.preExec ?? []), ...beforeProgram(directory)],
  };
}

function beforeAll(directory: string): readonly string[] {
  return [
    `lk=${shellWord(directory)}`,
    `[ -f "$lk/${JOB_LOG}" ] || { echo "latchkey: $(uname -n) does not see $lk" >&2; false; }`,
    `exec >> "$lk/${JOB_LOG}" 2>&1`,
    `mkdir "$lk/started" || { echo "latchkey: a model starts once, and this is another run of its job"; false; }`,
  ];
}

function beforeProgram(directory: string): readonly string[] {
  const [instruction, report] = [`${directory}/${INSTRUCTION_FILE}`, `${directory}/${REPORT_FILE}`].map(
    shellWord,
  );
  return [
    // Where the name of a node is only an address of its loopback, the first one of its others.
    'lk_address=$(getent ahostsv4 "$(uname -n)" 2>/dev/null | sed -n \'1s/[[:space:]].*//p\')',
    "case $lk_address in ''|127.*) lk_address=$(hostname -I 2>/dev/null | sed 's/[[:space:]].*//');; esac",
    `grep -q '${NODE}' ${instruction} && [ -z "$lk_address" ] && { echo "latchkey: $(uname -n) has no address but loopback"; exit 1; }; true`,
    `(umask 077; sed "s/${NODE}/$lk_address/" ${instruction} > ${report}.new) && mv ${report}.new ${report} && rm -f ${instruction}`,
    `exec ${REPORT_DESCRIPTOR}<> ${report}`,
  ];
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
