/**
 * The composition root: settings become a running MyProxy server with listener, reload, audit and log.
 * It knows nothing of the command line; `cli/` calls {@link startServer} and {@link runLegacyServer}.
 */
export { type LegacyServerOptions, runLegacyServer } from './legacy-server.ts';
export { type RunningServer, startServer } from './server.ts';
export type { ServerSettings } from './settings.ts';
export { loadSettings } from './settings-file.ts';
