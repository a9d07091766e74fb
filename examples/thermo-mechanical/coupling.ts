// The steering script's work: two applications, one step, the temperature of the first given to the second.

import type { Secret } from 'latchkey/kit';
import {
  allocateApplicationWithModelServer,
  connectApplications,
  type Links,
  type ModelServerFinder,
} from 'latchkey/remote';
import type { FieldCopy } from './field.ts';
import type { MechanicalModel } from './mechanical-model.ts';
import type { ThermalModel } from './thermal-model.ts';

/** How the temperature gets to the mechanical model: all of it, or as an object that it asks. */
export type Passing = 'copy' | 'reference';

/** A model server, as the user knows it. */
export interface CoupledServer {
  /** Its name in the registry. */
  readonly name: string;
  /** The host that one logs in to. */
  readonly machine: string;
  /** What its clients must know. */
  readonly key: Secret;
  /** The model's input file, here. */
  readonly input: string;
}

export interface CouplingOptions {
  readonly links: Links;
  readonly registry: ModelServerFinder;
  readonly thermal: CoupledServer;
  readonly mechanical: CoupledServer;
  readonly passing: Passing;
  readonly steps?: number;
  readonly say?: (line: string) => void;
}

/** A step takes a fraction of a second: what does not answer for so long is frozen. */
const PATIENCE_MS = 20_000;

export interface Coupled {
  readonly temperature: FieldCopy;
  readonly displacement: FieldCopy;
}

export async function couple(options: CouplingOptions): Promise<Coupled> {
  const { links, registry, passing, steps = 1, say = () => {} } = options;
  await using thermal = await allocateApplicationWithModelServer<ThermalModel>(
    registry,
    options.thermal.name,
    { ...options.thermal, links, safe: ['getField'], timeoutMs: PATIENCE_MS },
  );
  say(`${thermal.jobId} on ${thermal.machine}: ${await thermal.model.getApplicationSignature()}`);
  await using mechanical = await allocateApplicationWithModelServer<MechanicalModel>(
    registry,
    options.mechanical.name,
    { ...options.mechanical, links, safe: ['getField'], timeoutMs: PATIENCE_MS },
  );
  say(`${mechanical.jobId} on ${mechanical.machine}: ${await mechanical.model.getApplicationSignature()}`);

  await thermal.putFile(options.thermal.input, 'input.in');
  await mechanical.putFile(options.mechanical.input, 'input.in');
  await thermal.model.initialize('input.in');
  await mechanical.model.initialize('input.in');

  // The mechanical model reaches the thermal one through this machine; by copy, it need not.
  const link = passing === 'reference' ? await connectApplications(links, thermal, mechanical) : undefined;
  for (let time = 1; time <= steps; time += 1) {
    await thermal.model.solveStep(time);
    if (link === undefined) {
      await mechanical.model.setField(await thermal.model.getField('Temperature', time));
    } else {
      const field = await thermal.model.getFieldURI('Temperature', time);
      await mechanical.model.setField(link.reference(field));
    }
    await mechanical.model.solveStep(time);
    say(`step ${time} is solved, the temperature passed by ${passing}`);
  }
  return {
    temperature: await thermal.model.getField('Temperature', steps),
    displacement: await mechanical.model.getField('Displacement', steps),
  };
}
