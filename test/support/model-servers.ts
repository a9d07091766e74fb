import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '../../src/remote/model-server/caller.ts';
import { localHost } from '../../src/remote/model-server/host/local-host.ts';
import { ModelServer } from '../../src/remote/model-server/model-server.ts';
import type { ModelServerParts } from '../../src/remote/model-server/server-parts.ts';
import {
  DEFAULT_LIMITS,
  type ModelServerLimits,
  type ModelServerSettings,
} from '../../src/remote/model-server/settings/model-server-settings.ts';
import { endsWith, repositoryRoot, workspace } from './workspace.ts';

/** A model server on a directory of its own, whose jobs are stand-ins that behave as told. */
export interface StandInServer {
  readonly server: ModelServer;
  readonly directory: string;
  /** A client's connection; `hangUp` ends it. */
  client(): Caller & { hangUp(): void };
  readonly operator: Caller;
  /** Opens another server on the same directory, as after a restart. */
  again(changes?: Partial<ModelServerSettings>): Promise<ModelServer>;
}

const STAND_IN_MODEL = join(repositoryRoot, 'test/support/stand-in-model.mjs');

export async function standInServer(
  t: TestContext,
  behaviour: readonly string[],
  limits: Partial<ModelServerLimits> = {},
  changes: Partial<ModelServerSettings> = {},
  parts: Partial<ModelServerParts> = {},
): Promise<StandInServer> {
  const directory = workspace(t);
  const settings: ModelServerSettings = {
    name: 'Models',
    application: 'stand-in',
    model: { kind: 'program', command: [process.execPath, STAND_IN_MODEL, ...behaviour] },
    metadata: {},
    directory,
    listen: { unix: join(directory, 'server') },
    sharesKey: false,
    jobPlaces: 'unix',
    environment: {},
    limits: { ...DEFAULT_LIMITS, startSeconds: 10, stopSeconds: 1, ...limits },
    onRestart: 'adopt',
    ...changes,
  };
  const open = async (more: Partial<ModelServerSettings> = {}): Promise<ModelServer> => {
    const server = await ModelServer.open({ ...settings, ...more }, { host: localHost([]), prove, ...parts });
    endsWith(t, directory, () => server.close());
    return server;
  };
  return {
    server: await open(),
    directory,
    client,
    operator: { ...client(), isOperator: true },
    again: open,
  };
}

function client(): Caller & { hangUp(): void } {
  const ending = new AbortController();
  return {
    identity: 'key',
    isOperator: false,
    connection: {},
    closed: ending.signal,
    hangUp: () => ending.abort(),
  };
}

/** What answers at the address must know the job's key: as the handshake of the object wire shows it, for stand-ins. */
const prove: ModelServerParts['prove'] = async (model, job) => {
  const [, location = ''] = model.report.uri.split('@', 2);
  const [, path] = /u:(.*)$/.exec(model.report.uri) ?? [];
  const host = location.slice(0, location.lastIndexOf(':'));
  const socket = connect(
    path === undefined ? { host: host.replace(/[[\]]/g, ''), port: model.report.port } : { path },
  );
  let said = '';
  for await (const chunk of socket.setEncoding('utf8')) said += chunk;
  const expected = createHash('sha256').update(job.key.revealText()).digest('hex');
  if (said !== expected) throw new Error('it does not know the key of this job');
};

/** Waits until something holds; a test that waits for nothing for long fails. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (await holds()) return;
    await delay(20);
  }
  throw new Error(`it never came to this: ${what}`);
}
