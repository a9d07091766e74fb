import { collectDefaultMetrics, Registry } from 'prom-client';

/** Text of the process's own metrics: CPU, memory, file descriptors, event loop, garbage collection. */
export type ProcessMetrics = () => Promise<string>;

/**
 * Milliseconds between two looks at the event loop's delay. prom-client's default of 10 would wake an idle process a
 * hundred times a second.
 */
const EVENT_LOOP_PRECISION_MS = 500;

/** Starts to collect. This file is loaded late: prom-client takes 12 MB and 40 ms. */
export function openProcessMetrics(): ProcessMetrics {
  const register = new Registry();
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return () => register.metrics();
}
