import type { SecretInput } from './secret-input.ts';

/** The kinds of context. `Token` and `VOMS` are ours; the others are the SAGA family's. */
export type ContextKind = 'UserPass' | 'SSH' | 'X509' | 'MyProxy' | 'EC2' | 'EC2_KEYPAIR' | 'Token' | 'VOMS';

/** What an attribute holds. */
export type AttributeForm = 'text' | 'path' | 'secret' | 'lifetime' | 'list';

/** Attributes by the names that the SAGA family gave them; `token_file`, `session_token`, `region`, `hosts` and `schemes` are ours. */
export type AttributeName = keyof typeof SPELLINGS;

/** The same attribute in camelCase, and as SAGA's keys spell it. */
export const SPELLINGS = {
  user_id: ['userId', 'UserID'],
  user_pass: ['userPass', 'UserPass'],
  user_key: ['userKey', 'UserKey'],
  user_cert: ['userCert', 'UserCert'],
  user_proxy: ['userProxy', 'UserProxy'],
  user_vo: ['userVo', 'UserVO'],
  cert_repository: ['certRepository', 'CertRepository'],
  server: ['server', 'Server'],
  life_time: ['lifeTime', 'LifeTime'],
  token: ['token', 'Token'],
  token_file: ['tokenFile', 'TokenFile'],
  session_token: ['sessionToken', 'SessionToken'],
  region: ['region', 'Region'],
  hosts: ['hosts', 'Hosts'],
  schemes: ['schemes', 'Schemes'],
} as const;

const SCOPE = { hosts: 'list', schemes: 'list' } as const;

/** Which attributes mean something for which kind, and what they hold there. */
const ATTRIBUTES = {
  UserPass: { ...SCOPE, user_id: 'text', user_pass: 'secret' },
  SSH: { ...SCOPE, user_id: 'text', user_key: 'path', user_cert: 'path', user_pass: 'secret' },
  X509: { ...SCOPE, user_proxy: 'path', user_cert: 'path', user_key: 'path', cert_repository: 'path' },
  MyProxy: {
    ...SCOPE,
    ...{
      server: 'text',
      user_id: 'text',
      user_pass: 'secret',
      life_time: 'lifetime',
      cert_repository: 'path',
    },
  },
  EC2: {
    ...SCOPE,
    ...{ user_id: 'text', user_key: 'secret', server: 'text', session_token: 'secret', region: 'text' },
  },
  EC2_KEYPAIR: {
    ...SCOPE,
    ...{ token: 'text', user_id: 'text', user_key: 'path', user_cert: 'path', user_pass: 'secret' },
  },
  Token: { ...SCOPE, token: 'secret', token_file: 'path' },
  VOMS: { ...SCOPE, user_proxy: 'path', user_vo: 'text', cert_repository: 'path' },
} as const satisfies Record<ContextKind, Partial<Record<AttributeName, AttributeForm>>>;

/** How a type name may be written where TypeScript looks; at run time any mixture of cases will do. */
export type ContextTypeName = ContextKind | Lowercase<ContextKind> | Uppercase<ContextKind>;

/** The kind that a type name stands for. */
export type KindOf<Name extends string> = Name extends string
  ? { [Kind in ContextKind]: Lowercase<Name> extends Lowercase<Kind> ? Kind : never }[ContextKind]
  : never;

interface Values {
  text: string;
  path: string | URL;
  secret: SecretInput;
  lifetime: number | string;
  list: string | readonly string[];
}

type Spelled<Name> = Name extends AttributeName ? Name | (typeof SPELLINGS)[Name][number] : never;

/** The attributes of one kind in all their spellings; the spellings of one attribute share one value. */
export type ContextAttributes<Kind extends ContextKind> = {
  -readonly [Name in keyof (typeof ATTRIBUTES)[Kind] as Spelled<Name>]?:
    | Values[(typeof ATTRIBUTES)[Kind][Name] & AttributeForm]
    | undefined;
};

export const CONTEXT_KINDS = Object.keys(ATTRIBUTES) as readonly ContextKind[];

/** The attributes of a kind, for lookups by names that are not known to be any. */
export function attributesOf(kind: ContextKind): Partial<Record<AttributeName, AttributeForm>> {
  return ATTRIBUTES[kind];
}

const CANONICAL = new Map<string, AttributeName>(
  (Object.keys(SPELLINGS) as AttributeName[]).map((name) => [plain(name), name]),
);

/** The attribute that a spelling means: case and underscores make no difference. */
export function attributeOf(spelling: string): AttributeName | undefined {
  return CANONICAL.get(plain(spelling));
}

function plain(spelling: string): string {
  return spelling.replaceAll('_', '').toLowerCase();
}
