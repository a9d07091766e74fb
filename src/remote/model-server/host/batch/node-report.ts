import { isIP } from 'node:net';
import { LatchkeyError, quote, type Secret } from '../../../../kit/index.ts';
import { type Instruction, MAX_REPORT_BYTES, type ModelPlace, type Report, readReport } from '../report.ts';
import { type NodePlace, reportToken } from './node-script.ts';

/** Most bytes of a report file: both lines. */
const MAX_REPORT_FILE_BYTES = 2 * MAX_REPORT_BYTES;

/**
 * Reads the file that a model on a node reports in: what it was told there, and its answer. Undefined while the answer is not whole.
 *
 * @throws LatchkeyError `remote/start-failed` for what no model of ours can have written, and for the model's own reason
 */
export function readNodeReport(text: string, job: string, key: Secret, place: NodePlace): Report | undefined {
  const [told = '', line, rest] = text.split('\n');
  if (line === undefined || rest === undefined) {
    if (text.length < MAX_REPORT_FILE_BYTES) return undefined;
    throw new LatchkeyError('remote/start-failed', `${job} reports without end`);
  }
  const listen = place === 'node' ? placeToldOn(told, job) : place;
  // The token and the place are what this server gave, whatever the file says of them.
  const instruction: Instruction = {
    ...{ version: 1, job, token: reportToken(job, key) },
    ...{ key: key.revealText(), listen },
  };
  return readReport(line, instruction);
}

/** The address that the node put into the instruction. */
function placeToldOn(line: string, job: string): ModelPlace {
  let host: unknown;
  try {
    host = (JSON.parse(line) as Partial<{ listen: { host: unknown } }>).listen?.host;
  } catch {}
  if (typeof host === 'string' && isIP(host) !== 0) return { host, port: 0 };
  throw new LatchkeyError(
    'remote/start-failed',
    `${job} runs on a node whose address is ${quote(String(host))}`,
    {
      hint: 'say it yourself: job_listen in [models]',
    },
  );
}
