import type { Hono } from 'hono';
import { type Frame, isOperator, type WebEnvironment } from './frame.ts';

/** `/healthz`, `/readyz` and `/metrics`. Strangers learn yes or no; what is behind it is for operators. */
export function addHealthRoutes(app: Hono<WebEnvironment>, frame: Frame): void {
  const { health } = frame.deps;
  app.get('/healthz', (c) => {
    const { ok } = health.live();
    return c.json({ ok }, ok ? 200 : 503);
  });
  app.get('/readyz', async (c) => {
    const { ok, checks } = await health.ready();
    return c.json(isOperator(frame, c) ? { ok, checks } : { ok }, ok ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    if (health.metrics === undefined) return c.text('no metrics here\n', 404);
    if (!isOperator(frame, c)) return c.text('metrics are for operators: ask on the operator socket\n', 403);
    const { contentType, text } = await health.metrics();
    return c.body(text, 200, { 'Content-Type': contentType });
  });
}
