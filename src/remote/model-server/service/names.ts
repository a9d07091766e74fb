import type { Registration } from '../../registry/registration.ts';
import type { ManagedJob } from '../managed-job.ts';
import type { ModelServerSettings } from '../settings/model-server-settings.ts';
import { keepName } from './register-server.ts';

/** The names of a model server's jobs in its registry: their ids, as clients of a job manager look for them. */
export interface JobNames {
  /** The job can be found by its id while it lives. */
  add(job: ManagedJob): Promise<void>;
  close(): Promise<void>;
}

/**
 * Registers jobs as they come. A registry that cannot be reached, or refuses, holds up no job: it is told.
 *
 * @returns undefined when the settings name no registry
 */
export function jobNames(
  settings: ModelServerSettings,
  onTrouble: (error: Error) => void,
): JobNames | undefined {
  if (settings.registry === undefined) return undefined;
  const registrations = new Set<Registration>();
  const trouble = (error: unknown): void => {
    if (error !== undefined) onTrouble(error instanceof Error ? error : new Error(String(error)));
  };
  const add = async (job: ManagedJob): Promise<void> => {
    const { uri, port } = job.entry;
    if (uri === undefined) return;
    const tags = ['type:appserver', ...(port === 0 ? [] : [`port:${port}`])];
    try {
      const made = await keepName(settings, { name: job.id, uri, tags }, trouble);
      if (made === undefined) return;
      registrations.add(made);
      void job.model?.ended.then(async () => {
        registrations.delete(made);
        await made.close();
      });
    } catch (error) {
      trouble(error);
    }
  };
  return {
    add,
    close: async () => {
      await Promise.all([...registrations].map((made) => made.close()));
    },
  };
}
