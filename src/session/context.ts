import { inspect } from 'node:util';
import { LatchkeyError, nearestName, quote, Secret } from '../kit/index.ts';
import {
  type AttributeForm,
  type AttributeName,
  attributeOf,
  attributesOf,
  CONTEXT_KINDS,
  type ContextAttributes,
  type ContextKind,
  type ContextTypeName,
  type KindOf,
  SPELLINGS,
} from './attributes.ts';
import { isSecretInput } from './secret-input.ts';

/**
 * A security context: it describes a credential and where it may be used. Attributes are set and read under the names of the SAGA
 * family, in camelCase, or in SAGA's own spelling (`user_id`, `userId`, `UserID` are one). Nothing is looked at before the context is
 * added to a session. Secrets read back as `Secret` or as the source that was given; printing shows none.
 */
export type Context<Kind extends ContextKind = ContextKind> = Kind extends ContextKind
  ? { readonly type: Kind } & ContextAttributes<Kind>
  : never;

/** Makes a {@link Context}. */
export interface ContextConstructor {
  /**
   * @param type `SSH`, `x509`, …, in any case
   * @throws LatchkeyError `session/context-invalid` for a type or an attribute that does not exist, and then and later for a value
   * that cannot be
   */
  new <Name extends ContextTypeName>(
    type: Name,
    attributes?: ContextAttributes<KindOf<Name>>,
  ): Context<KindOf<Name>>;
}

/** What a context holds: validated values under their canonical names. */
export interface ContextRecord {
  readonly kind: ContextKind;
  readonly values: Map<AttributeName, unknown>;
}

const records = new WeakMap<object, ContextRecord>();

class SecurityContext {
  constructor(type: string, attributes: Readonly<Record<string, unknown>> = {}) {
    const record: ContextRecord = { kind: kindNamed(type), values: new Map() };
    const context = new Proxy(this, handlerOf(record));
    records.set(this, record);
    records.set(context, record);
    for (const [name, value] of Object.entries(attributes)) if (name !== 'type') assign(record, name, value);
    // biome-ignore lint/correctness/noConstructorReturn: an attribute that does not exist is refused when it is set, and only a proxy sees that.
    return context;
  }

  toJSON(): Record<string, unknown> {
    return describeContext(this);
  }

  toString(): string {
    const { kind, values } = recordOf(this);
    const shown = [...values].map(([name, value]) => `${name}=${JSON.stringify(redacted(value))}`);
    return `Context(${[kind, ...shown].join(', ')})`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A security context; see {@link Context}. */
export const Context = SecurityContext as unknown as ContextConstructor;

export function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && records.has(value);
}

/** @throws TypeError for anything but a context */
export function recordOf(context: unknown): ContextRecord {
  const record = typeof context === 'object' && context !== null ? records.get(context) : undefined;
  if (record === undefined) throw new TypeError('expected a Context (new Context(type))');
  return record;
}

/** A context of its own with the same values; secrets are copied. */
export function copyContext(context: Context): Context {
  const { kind, values } = recordOf(context);
  const copy = new SecurityContext(kind);
  for (const [name, value] of values) {
    recordOf(copy).values.set(name, value instanceof Secret ? new Secret(value.reveal()) : value);
  }
  return copy as unknown as Context;
}

/** The attributes that are set, fit for people: every secret reads `[secret]`. */
function describeContext(context: object): Record<string, unknown> {
  const { kind, values } = recordOf(context);
  return { type: kind, ...Object.fromEntries([...values].map(([name, value]) => [name, redacted(value)])) };
}

function redacted(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'number' || Array.isArray(value) ? value : '[secret]';
}

function handlerOf(record: ContextRecord): ProxyHandler<SecurityContext> {
  const nameOf = (key: string | symbol) => (typeof key === 'string' ? attributeOf(key) : undefined);
  return {
    get(target, key, receiver) {
      if (key === 'type') return record.kind;
      const name = nameOf(key);
      return name === undefined ? Reflect.get(target, key, receiver) : record.values.get(name);
    },
    set(_target, key, value) {
      assign(record, String(key), value);
      return true;
    },
    has: (target, key) => {
      const name = nameOf(key);
      return key === 'type' || (name === undefined ? Reflect.has(target, key) : record.values.has(name));
    },
    deleteProperty(_target, key) {
      assign(record, String(key), undefined);
      return true;
    },
    ownKeys: () => [...record.values.keys()],
    getOwnPropertyDescriptor(_target, key) {
      const name = nameOf(key);
      if (name === undefined || !record.values.has(name)) return undefined;
      return { configurable: true, enumerable: true, writable: true, value: record.values.get(name) };
    },
    defineProperty(_target, key, { value }) {
      assign(record, String(key), value);
      return true;
    },
  };
}

function assign(record: ContextRecord, spelling: string, value: unknown): void {
  const name = attributeOf(spelling);
  const forms = attributesOf(record.kind);
  const form = name === undefined ? undefined : forms[name];
  if (name === undefined || form === undefined) throw noSuchAttribute(record.kind, spelling, name);
  if (value === undefined || value === null) record.values.delete(name);
  else record.values.set(name, checked(name, form, value));
}

function noSuchAttribute(
  kind: ContextKind,
  spelling: string,
  name: AttributeName | undefined,
): LatchkeyError {
  const known = Object.keys(attributesOf(kind));
  if (name !== undefined) {
    const users = CONTEXT_KINDS.filter((other) => attributesOf(other)[name] !== undefined);
    return invalid(
      `"${spelling}" means nothing for a context of type ${kind}`,
      `it is for ${users.join(', ')}; ${kind} knows ${known.join(', ')}`,
    );
  }
  const near = nearestName(spelling, [
    ...known,
    ...known.flatMap((each) => SPELLINGS[each as AttributeName]),
  ]);
  return invalid(
    `a context of type ${kind} has no attribute ${quote(spelling)}`,
    near === undefined ? `it knows ${known.join(', ')}` : `did you mean "${near}"?`,
  );
}

/** The value as it is kept. Values of secrets are never repeated. */
function checked(name: AttributeName, form: AttributeForm, value: unknown): unknown {
  if (form === 'secret') {
    if (!isSecretInput(value)) {
      throw invalid(`${name} must be a string, a Secret, a function, { env }, { command } or { file }`);
    }
    return typeof value === 'string' || value instanceof Secret ? new Secret(bytesOf(value)) : value;
  }
  if (form === 'lifetime') {
    if (typeof value === 'string' || (typeof value === 'number' && value > 0)) return value;
    throw invalid(`${name} must be a number of hours, or text such as "12h"`);
  }
  if (form === 'list') {
    const items = typeof value === 'string' ? [value] : value;
    if (Array.isArray(items) && items.every((item) => typeof item === 'string' && item !== ''))
      return [...items];
    throw invalid(`${name} must be a list of patterns such as "*.example.org"`);
  }
  const text = form === 'path' && value instanceof URL ? value.href : value;
  if (typeof text !== 'string') throw invalid(`${name} must be text, not ${typeof value}`);
  if (text === '' || hasControlCharacter(text)) throw invalid(`${name} is empty or has control characters`);
  return text;
}

function bytesOf(value: string | Secret): string | Uint8Array {
  return typeof value === 'string' ? value : value.reveal();
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

function kindNamed(type: unknown): ContextKind {
  const name = String(type);
  const kind = CONTEXT_KINDS.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (kind !== undefined) return kind;
  const near = nearestName(name, CONTEXT_KINDS);
  throw invalid(
    `there is no context of type ${quote(name)}`,
    near === undefined ? `the types are ${CONTEXT_KINDS.join(', ')}` : `did you mean "${near}"?`,
  );
}

function invalid(message: string, hint?: string): LatchkeyError {
  return new LatchkeyError('session/context-invalid', message, hint === undefined ? {} : { hint });
}
