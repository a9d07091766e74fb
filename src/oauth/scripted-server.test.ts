// No tests here: an authorization server without sockets, for the tests of this folder.
import assert from 'node:assert/strict';
import { Secret } from '../kit/index.ts';
import type { OAuthClient } from './client.ts';

/** What a scripted server is asked. */
export interface Asked {
  readonly url: URL;
  readonly form: URLSearchParams;
  readonly headers: Headers;
}

type Script = (asked: Asked) => unknown;

/** Such a server: `answers` has a function for each path. */
export function scriptedServer(answers: Readonly<Record<string, Script>>): {
  readonly asked: Asked[];
  readonly client: OAuthClient;
} {
  const asked: Asked[] = [];
  const fetch = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    const form = new URLSearchParams(init.body === undefined || init.body === null ? '' : String(init.body));
    const one = { url, form, headers: new Headers(init.headers) };
    asked.push(one);
    const script = answers[url.pathname];
    assert.ok(script, `nobody expected ${url.pathname}`);
    const answer = script(one);
    if (answer instanceof Response) return answer;
    return Response.json(answer);
  };
  const authentication = { method: 'client_secret_post', secret: new Secret('s3') } as const;
  return {
    asked,
    client: {
      clientId: 'ap1',
      authentication,
      issuer: 'https://op.example',
      fetch: fetch as typeof globalThis.fetch,
    },
  };
}

/** An `error` answer (RFC 6749 §5.2). */
export function errorAnswer(error: string, status = 400): Response {
  return Response.json({ error }, { status });
}
