import type { RemoteObject } from '../../pyro/index.ts';
import { statusLines, statusOf } from './models-jobs.ts';
import { watchLines } from './watch-lines.ts';

/** Of a status, the lines above the first job. */
const HEADING = 3;

/** Shows a model server's jobs again every second, until `q`, ^C or a signal. It only looks: the server does not notice that it ends. */
export async function watchStatus(server: RemoteObject, out: (text: string) => void): Promise<void> {
  await watchLines(async () => statusLines(await statusOf(server)), out, HEADING);
}
