import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, isLatchkeyError } from '../../kit/index.ts';

/** What a route answers. */
export type Answer =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly text: string; readonly contentType: string }
  /** One JSON line each, made while they are sent. */
  | { readonly status: number; readonly lines: Iterable<unknown> };

/** Finds the answer to a request; what it throws becomes an error document. */
export type Handler = (request: {
  readonly method: string;
  readonly url: URL;
}) => Promise<Answer | undefined>;

/** Hears of what should never happen, so that it is in a log: `what` is the request without its query. */
export type DefectListener = (what: string, error: unknown) => void;

const STATUS_OF: Partial<Readonly<Record<ErrorCode, number>>> = {
  'credmon/not-found': 404,
  'keeper/breaker-open': 503,
  'keeper/released': 404,
};

/** Lines that are made before others have their turn. */
const LINES_AT_ONCE = 250;

/** A `node:http` listener for a handler: bounded requests without bodies, JSON or text answers, no caches. */
export function listenerFor(
  handler: Handler,
  onDefect: DefectListener = () => {},
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    // Bodies are not read; a request that sends one all the same loses its connection.
    request.resume();
    const answer = await answerTo(handler, request, onDefect);
    response.setHeader('cache-control', 'no-store');
    response.statusCode = answer.status;
    if ('lines' in answer) await sendLines(response, answer.lines);
    else {
      const isText = 'text' in answer;
      response.setHeader('content-type', isText ? answer.contentType : 'application/json');
      response.end(isText ? answer.text : `${JSON.stringify(answer.json)}\n`);
    }
  };
}

async function answerTo(
  handler: Handler,
  request: IncomingMessage,
  onDefect: DefectListener,
): Promise<Answer> {
  const { method = 'GET', url = '/' } = request;
  try {
    const answer = URL.canParse(url, 'http://monitor')
      ? await handler({ method, url: new URL(url, 'http://monitor') })
      : undefined;
    return answer ?? failure(404, 'http/not-found', 'there is nothing at this address');
  } catch (error) {
    if (!isLatchkeyError(error)) {
      onDefect(`${method} ${url.replace(/\?.*$/, '')}`, error);
      return failure(500, 'unexpected', 'it has been written to the log');
    }
    return failure(STATUS_OF[error.code] ?? 500, error.code, error.message, error.hint);
  }
}

function failure(status: number, code: string, message: string, hint?: string): Answer {
  return { status, json: { error: { code, message, hint } } };
}

async function sendLines(response: ServerResponse, lines: Iterable<unknown>): Promise<void> {
  response.setHeader('content-type', 'application/x-ndjson');
  let chunk = '';
  let waiting = 0;
  for (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`;
    waiting += 1;
    if (waiting < LINES_AT_ONCE) continue;
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
    chunk = '';
    waiting = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end(chunk);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
