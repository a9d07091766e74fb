import { LatchkeyError, quote } from '../kit/index.ts';
import type { AttributeName, ContextKind } from './attributes.ts';
import { checkEc2 } from './check-ec2.ts';
import { checkMyProxy } from './check-my-proxy.ts';
import { checkKey, checkSsh } from './check-ssh.ts';
import { checkToken } from './check-token.ts';
import { checkVoms } from './check-voms.ts';
import { checkX509 } from './check-x509.ts';
import { type Context, recordOf } from './context.ts';
import type { Checked } from './entry.ts';
import type { HostScope } from './host-scope.ts';
import { resolveSecret, type SecretInput } from './secret-input.ts';
import type { Surroundings } from './surroundings.ts';

type Values = Readonly<Partial<Record<AttributeName, never>>>;
type Check = (values: Values, where: Surroundings, signal?: AbortSignal) => Promise<Checked>;

/** How each kind is checked. */
const CHECKS: Readonly<Record<ContextKind, Check>> = {
  UserPass: checkUserPass,
  SSH: checkSsh,
  X509: checkX509,
  VOMS: checkVoms,
  MyProxy: checkMyProxy,
  EC2: checkEc2,
  EC2_KEYPAIR: checkKeyPair,
  Token: checkToken,
};

/**
 * Really checks what a context describes.
 *
 * @param name for messages: `SSH 1`
 * @throws LatchkeyError with the code of what is wrong and a message that names the context; its cause says the same without
 */
export async function checkContext(
  context: Context,
  name: string,
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const { kind, values } = recordOf(context);
  try {
    return await CHECKS[kind](Object.fromEntries(values) as Values, where, signal);
  } catch (cause) {
    if (!(cause instanceof LatchkeyError)) throw cause;
    const { code, message, hint, retryable, details } = cause;
    throw new LatchkeyError(code, `the context ${name} cannot be used: ${message}`, {
      ...(hint === undefined ? {} : { hint }),
      ...{ retryable, cause, details: { ...details, context: name } },
    });
  }
}

export function scopeOf(context: Context): HostScope {
  const { values } = recordOf(context);
  return {
    hosts: values.get('hosts') as readonly string[] | undefined,
    schemes: values.get('schemes') as readonly string[] | undefined,
  };
}

async function checkUserPass(
  { user_id: user, user_pass: input }: { readonly user_id?: string; readonly user_pass?: SecretInput },
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const password = input === undefined ? undefined : await resolveSecret(input, where, signal);
  if (password === undefined) {
    throw new LatchkeyError('session/context-invalid', 'user_pass is missing or empty', {
      hint: 'a string, a Secret, a function, { env }, { command } or { file }',
    });
  }
  return {
    material: { type: 'password', user, password },
    summary: user === undefined ? 'a password' : `a password of ${quote(user)}`,
    release: async () => password.wipe(),
  };
}

async function checkKeyPair(
  values: { readonly token?: string; readonly user_id?: string },
  where: Surroundings,
  signal?: AbortSignal,
): Promise<Checked> {
  const { token: name, user_id: user } = values;
  if (name === undefined) {
    throw new LatchkeyError('session/context-invalid', 'token is missing', {
      hint: 'the name under which EC2 knows the key pair',
    });
  }
  const found = await checkKey(values, where, signal);
  return {
    material: { type: 'key-pair', name, user, key: found?.key },
    summary: `key pair ${quote(name)}${found === undefined ? ', no key here' : `, ${found.key.path}`}`,
    warnings: found?.warnings ?? [],
  };
}
