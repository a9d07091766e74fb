/**
 * The control socket of a running monitor: who may open it (its owner, and root) may ask and act. Also the port that
 * Prometheus and load balancers ask. It knows nothing of the command line.
 */
export { type ControlClient, connectControl } from './control-client.ts';
export { type ControlledCredmon, startControl } from './control-server.ts';
export type { LeaseDocument } from './documents.ts';
export { startStatusPort } from './status-port.ts';
