/** JSON Schema (2020-12, as OpenAPI 3.1 takes it) of everything the API answers; names are those of `components.schemas`. */
export const SCHEMAS = {
  Credential: object(
    {
      id: text('Owner, slash, name.'),
      owner: text('The local user whose it is.'),
      kind: text('`token` or `x509-proxy`.'),
      provider: text(),
      mode: optional(text('How it is kept: `local`, `oauth`, `client`, `vault`, `pelican`, `myproxy`.')),
      purpose: optional(text('What for: scope and audience.')),
      authority: optional(text('Who is asked for it: the origin of a server, or `local`.')),
      state: { type: 'string', enum: ['waiting', 'current', 'renewing', 'retrying', 'needs-action'] },
      issuedAt: optional(time()),
      expiresAt: optional(time()),
      secondsLeft: optional({ type: 'integer', description: 'Negative = it has ended.' }),
      lastRenewedAt: optional(time()),
      nextAt: optional(time('The next renewal.')),
      failures: { type: 'integer', minimum: 0, description: 'In a row.' },
      lastError: optional(reference('Failure')),
      canRenew: { type: 'boolean' },
      canRevoke: { type: 'boolean' },
      canLogIn: { type: 'boolean', description: 'A new login of its owner would mend it.' },
    },
    'One credential; never the credential itself.',
  ),
  Failure: object({ code: text(), message: text(), hint: optional(text('What to do.')), at: time() }),
  Credentials: object({ credentials: listOf('Credential') }),
  Provider: object({
    provider: text(),
    mode: optional(text()),
    authority: optional(text()),
    breaker: { type: 'string', enum: ['open', 'half-open', 'closed'] },
    credentials: { type: 'integer' },
    failing: { type: 'integer' },
    firstEnd: optional(time()),
  }),
  Cause: object({
    code: text(),
    credentials: { type: 'integer' },
    users: { type: 'integer' },
    message: text(),
    hint: optional(text()),
    lastAt: time(),
  }),
  Overview: object({
    users: { type: 'integer' },
    credentials: { type: 'integer' },
    working: { type: 'integer' },
    failing: { type: 'integer' },
    endingSoon: { type: 'integer', description: 'Failing, and ending within an hour.' },
    providers: listOf('Provider'),
    failures: listOf('Cause'),
    upcoming: listOf('Credential'),
    unserved: listOf('Unserved'),
  }),
  Unserved: object(
    { id: text('Owner, slash, name.'), message: text('Why not.') },
    'A request in the directory that no provider serves; at most 1000 are told.',
  ),
  Link: object(
    {
      number: { type: 'integer', minimum: 1, description: 'On the map of the page.' },
      machines: {
        type: 'array',
        items: { type: 'string' },
        description: 'That a connection passes, in order.',
      },
      from: text('What is connected to: a socket’s path, or host and port.'),
      to: text('Where that leads.'),
      state: text('`proven`, `listening`, `opening`, `degraded`, `lost`; others may come.'),
      since: time(),
      cause: optional(text()),
      remedy: optional(text('What to do.')),
      provenAt: optional(time('When a connection was last seen to arrive.')),
      isShared: { type: 'boolean', description: 'Other accounts of that machine can connect to it, too.' },
    },
    'A way from one machine to another.',
  ),
  LinkProgram: object({
    owner: text('The local user whose it is.'),
    name: text(),
    pid: { type: 'integer' },
    isRunning: { type: 'boolean', description: 'False = it has ended; its links are what it said last.' },
    toldAt: time(),
    links: listOf('Link'),
  }),
  Links: object({ programs: listOf('LinkProgram') }),
  Session: object({
    user: optional(text('Absent on the operator socket.')),
    isOperator: { type: 'boolean' },
  }),
  NewSession: object({
    user: text(),
    token: text('Sent as `Authorization: Bearer`.'),
    endsAt: time(),
  }),
  Code: object({ code: text('From `latchkey web code`.') }),
  Problem: object(
    {
      type: text(),
      title: text(),
      status: { type: 'integer' },
      code: optional(text('Code of the error, `area/what`.')),
      detail: optional(text()),
      hint: optional(text('What to do.')),
    },
    'RFC 9457.',
  ),
} as const satisfies Record<string, Schema>;

/** A JSON Schema. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** Name of a schema in `components.schemas`. */
export type SchemaName = keyof typeof SCHEMAS;

const OPTIONAL = Symbol('optional');

function object(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    required: Object.keys(properties).filter((name) => !isOptional(properties[name])),
    additionalProperties: false,
  };
}

function optional(schema: Schema): Schema {
  return Object.defineProperty({ ...schema }, OPTIONAL, { value: true });
}

function isOptional(schema: Schema | undefined): boolean {
  return schema !== undefined && OPTIONAL in schema;
}

function text(description?: string): Schema {
  return { type: 'string', ...(description === undefined ? {} : { description }) };
}

function time(description?: string): Schema {
  return { type: 'string', format: 'date-time', ...(description === undefined ? {} : { description }) };
}

function listOf(name: string): Schema {
  return { type: 'array', items: reference(name) };
}

function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
