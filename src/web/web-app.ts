import { Hono } from 'hono';
import type { Peer, WebApp, WebDependencies } from './dependencies.ts';

/** The pages and the API as one function from request to response. */
export function createWebApp(_deps: WebDependencies): WebApp {
  const app = new Hono();
  return { fetch: async (request: Request, peer: Peer = {}) => await app.fetch(request, { peer }) };
}
