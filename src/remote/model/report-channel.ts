import { fstatSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { LatchkeyError } from '../../kit/index.ts';
import { DESCRIPTOR_VARIABLE, type Instruction, MAX_REPORT_BYTES } from '../model-server/host/report.ts';

/** The model's end of the descriptor that its server told it to report on. */
export interface ReportChannel {
  readonly instruction: Instruction;
  report(
    outcome: { readonly uri: string; readonly protection: 'token' | 'hmac' } | { readonly error: string },
  ): Promise<void>;
}

/**
 * Reads what the server says. A server that is gone before it is a reason to end.
 *
 * @throws LatchkeyError `remote/state` when no server has started this process, or it says nothing of use
 */
export async function openReportChannel(env: NodeJS.ProcessEnv): Promise<ReportChannel> {
  const descriptor = Number(env[DESCRIPTOR_VARIABLE] ?? Number.NaN);
  if (!Number.isInteger(descriptor) || descriptor < 3)
    throw new LatchkeyError('remote/state', `${DESCRIPTOR_VARIABLE} names no descriptor`, {
      hint: 'a model is started by a model server: latchkey models run',
    });
  // On a node of a batch system it is a file: what is told is in it, and the report goes behind that.
  if (fstatSync(descriptor).isFile()) return fileChannel(descriptor);
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  const line = await firstLine(socket);
  const instruction = parseInstruction(line);
  return {
    instruction,
    report: (outcome) =>
      new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.end(`${JSON.stringify({ token: instruction.token, ...outcome })}\n`, () => resolve());
      }),
  };
}

function fileChannel(descriptor: number): ReportChannel {
  const buffer = Buffer.alloc(MAX_REPORT_BYTES);
  const told = buffer.toString('utf8', 0, readSync(descriptor, buffer));
  const instruction = parseInstruction(told.slice(0, told.indexOf('\n')));
  return {
    instruction,
    report: async (outcome) => {
      writeSync(descriptor, `${JSON.stringify({ token: instruction.token, ...outcome })}\n`);
    },
  };
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (why: string) =>
      reject(new LatchkeyError('remote/state', `the model server ${why} before it said what to do`));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
      else if (text.length > MAX_REPORT_BYTES) fail('said too much');
    });
    socket.once('end', () => fail('was gone'));
    socket.once('error', () => fail('was gone'));
  });
}

function parseInstruction(line: string): Instruction {
  try {
    const instruction = JSON.parse(line) as Instruction;
    if (
      instruction.version === 1 &&
      typeof instruction.token === 'string' &&
      typeof instruction.key === 'string'
    )
      return instruction;
  } catch {}
  throw new LatchkeyError('remote/state', 'the model server said something that is not understood', {
    hint: 'it may be of another version',
  });
}
