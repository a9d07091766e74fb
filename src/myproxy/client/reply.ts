import { LatchkeyError } from '../../kit/index.ts';
import type { Credential } from '../../x509/index.ts';
import type { Request } from '../wire/request.ts';
import { encodeRequest } from '../wire/request.ts';
import { parseResponse, type Response } from '../wire/response.ts';
import { answerChallenge } from './authorization.ts';
import type { ServerConnection } from './connection.ts';
import { formatServer } from './server-list.ts';
import { serverRefusal } from './server-refusal.ts';

/** A response with which a conversation goes on. */
export type OkResponse = Extract<Response, { status: 'ok' }>;

/** A server that goes on challenging is not reasoned with. */
const MAX_CHALLENGES = 4;

/**
 * Sends the request and reads the first answer, proving who we are if the server asks for it.
 *
 * @param answerWith the credential that answers a challenge
 * @throws LatchkeyError `myproxy/server-refused`
 */
export async function ask(
  connection: ServerConnection,
  request: Request,
  answerWith?: Credential,
): Promise<OkResponse> {
  await connection.send(encodeRequest(request));
  for (let challenges = 0; ; challenges += 1) {
    const response = await receiveResponse(connection, 'answer');
    if (response.status === 'ok') return response;
    if (response.status === 'error') throw serverRefusal(formatServer(connection.peer), response.lines);
    if (answerWith === undefined) throw unanswered(connection);
    if (challenges === MAX_CHALLENGES) {
      throw new LatchkeyError(
        'myproxy/unsupported',
        `the server challenged ${MAX_CHALLENGES} times and more`,
      );
    }
    await connection.send(await answerChallenge(response.challenges, answerWith));
  }
}

/** Reads a response that must be OK: the end of an exchange, or an error in the place of something else. */
export async function expectOk(connection: ServerConnection, what: string): Promise<OkResponse> {
  const response = await receiveResponse(connection, what);
  if (response.status === 'ok') return response;
  if (response.status === 'error') throw serverRefusal(formatServer(connection.peer), response.lines);
  throw new LatchkeyError(
    'myproxy/malformed',
    `${formatServer(connection.peer)} sent a challenge where none belongs`,
  );
}

/**
 * Reads something binary in whose place the server may send an error text.
 *
 * @throws LatchkeyError `myproxy/server-refused`
 */
export async function receiveUnlessRefused<Value>(
  connection: ServerConnection,
  what: string,
  read: Parameters<typeof connection.receive<Value>>[1],
): Promise<Value> {
  const value = await connection.receive(what, async (reader) =>
    (await reader.nextIsText()) ? undefined : { read: await read(reader) },
  );
  if (value !== undefined) return value.read;
  await expectOk(connection, what);
  throw new LatchkeyError(
    'myproxy/malformed',
    `${formatServer(connection.peer)} said OK and sent no ${what}`,
  );
}

async function receiveResponse(connection: ServerConnection, what: string): Promise<Response> {
  const message = await connection.receive(what, (reader) => reader.text());
  return parseResponse(message);
}

function unanswered(connection: ServerConnection): LatchkeyError {
  return new LatchkeyError(
    'myproxy/server-refused',
    `${formatServer(connection.peer)} wants a pass phrase, or a certificate to renew with`,
    {
      hint: 'give the pass phrase of the stored credential, or a proxy to renew (`renew`, `myproxy-logon -a`)',
      details: { lines: [], reason: 'authentication-needed' },
    },
  );
}
