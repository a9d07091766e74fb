import type { Hono } from 'hono';
import type { Frame, WebEnvironment } from './frame.ts';

/** How long verifiers may keep keys and metadata: the WLCG profile refreshes keys after 1 to 6 hours. */
const MAX_AGE_SECONDS = 3_600;

/**
 * Public keys of the local issuers, for verifiers: `/.well-known/…`, below the path of an issuer too
 * (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
 */
export function addPublicationRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  app.use('*', async (c, next) => {
    if (c.req.method !== 'GET' || !c.req.path.includes('/.well-known/')) return await next();
    // An issuer without our prefix is published at its own path.
    const asSent = new URL(c.req.url).pathname;
    const document =
      (await frame.deps.publication.document(`${frame.base}${c.req.path}`)) ??
      (await frame.deps.publication.document(asSent)) ??
      (await frame.deps.publication.document(c.req.path));
    if (document === undefined) return await next();
    c.header('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
    c.header('Access-Control-Allow-Origin', '*');
    return c.json(document);
  });
}
