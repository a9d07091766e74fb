/** Text of the process's own metrics: CPU, memory, file descriptors, event loop, garbage collection. */
export type ProcessMetrics = () => Promise<string>;

/**
 * Milliseconds between two looks at the event loop's delay. prom-client's default of 10 would wake an idle process a
 * hundred times a second.
 */
const EVENT_LOOP_PRECISION_MS = 500;

/** Loads prom-client (12 MB, 40 ms) and starts to collect; nothing of it happens before. */
export async function openProcessMetrics(): Promise<ProcessMetrics> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return () => register.metrics();
}
