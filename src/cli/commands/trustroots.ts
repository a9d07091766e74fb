import type { Command } from './command.ts';
import { findPlace, requireServer } from './place.ts';
import { clientFor } from './session.ts';

/** `latchkey trustroots`: the server's trust roots, installed in the trust directory. */
export const trustroots: Command = async (invocation) => {
  const { given } = invocation;
  const place = await findPlace(invocation);
  const from = requireServer(place);
  const client = clientFor(invocation, place, 'anonymous');
  const isListing = given.flag('list');
  const { files, directory, written } = await client.getTrustRoots({
    writeToCACertDir: !isListing,
    bootstrap: given.flag('bootstrap'),
  });
  const names = [...files.keys()];
  return {
    json: {
      server: from,
      files: names,
      directory: directory ?? null,
      written,
    },
    lines:
      names.length === 0
        ? [`${from} publishes no trust roots`]
        : isListing
          ? names
          : [`${written.length} trust root files of ${from} are in ${directory}`],
  };
};
