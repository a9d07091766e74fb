import { LatchkeyError, quote } from '../../kit/index.ts';
import { type AttributeRequest, checkedFqan } from '../contact-request.ts';
import { elementsNamed, elementText } from '../xml-elements.ts';

/** What a request of the older interface says, before its lists are read. */
export interface LegacyCommands {
  readonly commands: AttributeRequest['fqans'];
  readonly order: string | undefined;
  readonly targets: string | undefined;
  readonly lifetime: string | undefined;
  readonly wantsBase64: boolean;
  readonly hasUnknown: boolean;
}

/**
 * Reads the elements of a request of the older interface. A command is `A` (all), `G/vo/group`, `B/vo/group:role`, `R role`
 * is not supported since it names no organisation; several stand in elements of their own or are joined by commas.
 *
 * @throws LatchkeyError `voms/value-invalid`
 */
export function readLegacyCommands(xml: string): LegacyCommands {
  const contents = elementsNamed(xml, 'voms')[0] ?? '';
  const first = (name: string): string | undefined => {
    const found = elementsNamed(contents, name);
    if (found.length > 1) throw bad(`<${name}> is there twice`);
    return found[0] === undefined ? undefined : elementText(found[0]).trim();
  };
  const commands = elementsNamed(contents, 'command')
    .flatMap((text) => elementText(text).split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const isAll = commands.some((command) => command === 'A' || command === 'N');
  return {
    commands: isAll ? 'all' : commands.map(readCommand),
    order: first('order'),
    targets: first('targets'),
    lifetime: first('lifetime'),
    wantsBase64: first('base64') !== undefined,
    hasUnknown: false,
  };
}

function readCommand(text: string): string {
  const match = /^([GB])(\/[^:]*)(?::(.+))?$/.exec(text);
  const [, kind, group = '', role] = match ?? [];
  if (match === null || (kind === 'B') !== (role !== undefined)) {
    throw bad(`the command ${quote(text, 100)} is not known`);
  }
  return checkedFqan(role === undefined ? group : `${group}/Role=${role}`);
}

function bad(message: string): LatchkeyError {
  return new LatchkeyError('voms/value-invalid', message);
}
