import { LatchkeyError, Secret } from '../../kit/index.ts';
import {
  type ConnectOptions,
  connectObject,
  Exposed,
  formatLocation,
  isPyroDict,
  type ObjectReference,
  type PyroValue,
  parseObjectUri,
  type ReconnectPolicy,
  type RemoteObject,
  referenceOf,
} from '../../pyro/index.ts';

/** Name under which a model is told the keys of those that it is linked to. */
export const LINK_KEYS_OBJECT = 'latchkey.links';

const MOST_LINKS = 256;
const MOST_NAME = 200;
const MOST_WHY = 1000;
/** A cut of some ten seconds is survived; only calls that are said to be safe are made again. */
const PATIENT: ReconnectPolicy = { attempts: 12, delayMs: 200 };

/**
 * What a model needs to follow references to objects of other models: the key of each address that it was linked to. Who connects two
 * models gives it through the first one's own, protected connection; an address that nobody linked is not connected to.
 */
export class LinkKeys {
  readonly #known = new Map<string, Pick<ConnectOptions, 'token' | 'hmacKey'>>();
  /** What is at the other end, for people. */
  readonly #names = new Map<string, string>();
  readonly #open = new Map<string, Promise<RemoteObject>>();

  /** To be published as {@link LINK_KEYS_OBJECT}. */
  readonly exposed = new Exposed({
    methods: {
      add: ([location, key, protection, name]) => this.#add(location, key, protection, name),
      remove: ([location, why]) => this.#remove(location, why),
    },
  });

  /**
   * The object that a reference names, over a connection that is kept for the next reference to the same server.
   *
   * @throws TypeError for a value that is no reference, or one to an address that this model was not linked to; what connecting throws
   */
  async follow(value: PyroValue | ObjectReference, options: ConnectOptions = {}): Promise<RemoteObject> {
    const reference = referenceOf(value as PyroValue);
    if (reference === undefined) throw new TypeError('the value is no reference to an object');
    const { location: address, object } = parseObjectUri(reference.uri);
    const location = formatLocation(address);
    for (let open = this.#open.get(location); open !== undefined; open = this.#open.get(location)) {
      const first = await open.catch(() => undefined);
      // Not `follow`: the server itself has another address than this side of the link, and would be connected to once more.
      if (first !== undefined && this.#known.has(location)) return await first.sibling(object);
      if (this.#open.get(location) === open) this.#open.delete(location);
    }
    // Only now: the link may have been taken down, or have another key, since.
    const known = this.#known.get(location);
    if (known === undefined) {
      throw new TypeError(`nobody has linked this model to ${location}: connect the two applications first`);
    }
    const made = connectObject(reference.uri, { ...known, reconnect: PATIENT, ...options });
    this.#open.set(location, made);
    const forget = () => this.#open.get(location) === made && this.#open.delete(location);
    made.then((object) => object.closed.then(forget), forget);
    return await made;
  }

  async close(): Promise<void> {
    const open = await Promise.allSettled(this.#open.values());
    for (const made of open) if (made.status === 'fulfilled') await made.value.close();
  }

  #add(
    location: PyroValue | undefined,
    key: PyroValue | undefined,
    protection: PyroValue | undefined,
    name: PyroValue | undefined,
  ): null {
    if (typeof location !== 'string' || typeof key !== 'string' || isPyroDict(protection))
      throw new TypeError('expected an address and a key');
    if (this.#known.size >= MOST_LINKS && !this.#known.has(location))
      throw new TypeError(`a model can have ${MOST_LINKS} links`);
    const secret = new Secret(key);
    this.#known.set(location, protection === 'hmac' ? { hmacKey: secret } : { token: secret });
    this.#names.set(location, typeof name === 'string' ? name.slice(0, MOST_NAME) : location);
    return null;
  }

  async #remove(location: PyroValue | undefined, why: PyroValue | undefined): Promise<null> {
    if (typeof location !== 'string') throw new TypeError('expected an address');
    this.#known.delete(location);
    const open = await this.#open.get(location)?.catch(() => undefined);
    const name = this.#names.get(location) ?? location;
    this.#names.delete(location);
    const reason = typeof why === 'string' ? `: ${why.slice(0, MOST_WHY)}` : '';
    await open?.close(
      new LatchkeyError('pyro/lost', `the link to ${name} was taken down${reason}`, {
        details: { sent: true },
      }),
    );
    return null;
  }
}
