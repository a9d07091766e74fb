import type { Observation } from '../observe/index.ts';
import type { Handler } from './answer.ts';

/** What machines ask: `/healthz`, `/readyz` (503 until it is), `/metrics`. */
export function statusRoutes(observation: Pick<Observation, 'live' | 'ready' | 'metrics'>): Handler {
  return async ({ method, url: { pathname } }) => {
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    if (pathname === '/healthz') return { status: 200, json: observation.live() };
    if (pathname === '/readyz') {
      const json = await observation.ready();
      return { status: json.ok ? 200 : 503, json };
    }
    if (pathname === '/metrics') return { status: 200, ...(await observation.metrics()) };
    return undefined;
  };
}
