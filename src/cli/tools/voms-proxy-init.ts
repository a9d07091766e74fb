import { resolve } from 'node:path';
import type { ObtainedAttributes } from '../../voms/index.ts';
import type { Credential } from '../../x509/index.ts';
import { fail, type Tool, type ToolContext, ToolExit } from '../kit/index.ts';
import { readVomsProxyOptions, type VomsProxyOptions } from '../kit/voms-proxy-options.ts';

const TOOL = 'voms-proxy-init';

/** `voms-proxy-init`: a proxy with attributes of virtual organisations. */
export const vomsProxyInit: Tool = async (argv, context) => {
  const options = readVomsProxyOptions(TOOL, argv);
  const say = (text: string): void => {
    if (!options.has('quiet')) context.out(text);
  };
  const [{ openIssuer }, { makeProxy, tellProxy }, { defaultProxyPath, formatOneline }] = await Promise.all([
    import('../kit/voms-issuer.ts'),
    import('../kit/voms-proxy.ts'),
    import('../../x509/index.ts'),
  ]);
  const out = resolve(options.text('out') ?? defaultProxyPath({ ...context.env }, context.uid));
  if (options.has('debug')) context.out(`Output to ${out}\n`);
  const issuer = await openIssuer(context, options);
  say(`Your identity: ${formatOneline(issuer.subject)}\n`);
  // Servers and files are looked for before a pass phrase is asked for.
  const errand = options.voms.length === 0 ? undefined : await prepare(context, options, say);
  const credential = await issuer.open();
  const obtained = errand === undefined ? [] : await errand(credential);
  if (options.has('list')) {
    const names = obtained.flatMap(({ certificate }) => certificate.fqans);
    context.out(`Available attributes:\n${names.map((name) => `${name}\n`).join('')}\n`);
    return 0;
  }
  const separate = options.text('separate');
  if (separate !== undefined && obtained.length > 0)
    return await writeAttributes(context, separate, obtained);
  const made = await makeProxy(context, options, { credential, obtained, out, say });
  return await tellProxy(context, options, { made, obtained, say });
};

/** What asks the servers, saying so as the C++ tool does. @throws ToolExit when an organisation is not known */
async function prepare(
  context: ToolContext,
  options: VomsProxyOptions,
  say: (text: string) => void,
): Promise<(credential: Credential) => Promise<readonly ObtainedAttributes[]>> {
  const [{ parseVomsWish }, { prepareErrand }, { isLatchkeyError }] = await Promise.all([
    import('../../voms/index.ts'),
    import('../kit/voms-contact.ts'),
    import('../../kit/index.ts'),
  ]);
  let isAsking = false;
  const answered = (how: string): void => {
    if (isAsking) say(` ${how}\n`);
    isAsking = false;
  };
  try {
    const wishes = options.voms
      .map(parseVomsWish)
      .map((wish) => (options.has('list') ? { ...wish, command: 'all' } : wish));
    const errand = await prepareErrand(context, {
      wishes,
      vomses: options.vomses,
      trustDirectory: options.text('certdir'),
      order: options.order,
      targets: options.targets,
      lifetimeSeconds: options.attributesMinutes * 60,
      timeoutMs: options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1_000,
      dangerouslySkipVerification: options.has('dont-verify-ac'),
      onFinding: (message) => context.err(`${message}\n`),
      onServer: ({ host, port, dn, vo }, failure) => {
        if (failure === undefined) {
          answered('Done');
          say(`Contacting  ${host}:${port} [${dn}] "${vo}"`);
          isAsking = true;
          return;
        }
        answered('Failed');
        const words = typeof failure.details.words === 'string' ? failure.details.words : failure.message;
        const hint = failure.hint === undefined ? '' : `  hint: ${failure.hint}\n`;
        context.err(`\nError: ${words}\n${hint}`);
      },
    });
    return async (credential) => {
      const obtained = await errand.obtain(credential).catch((error: unknown) => {
        if (!isLatchkeyError(error)) throw error;
        const names = [...new Set(options.voms.map((value) => value.split(':', 1)[0]))].join(', ');
        throw fail(
          `\nNone of the contacted servers for ${names} were capable\nof returning a valid AC for the user.`,
        );
      });
      answered('Done');
      warn(context, options, obtained);
      return obtained;
    };
  } catch (error) {
    if (!isLatchkeyError(error, 'voms/unknown-organisation')) throw error;
    const name = /"([^"]*)"/.exec(error.message)?.[1] ?? '';
    const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint}`;
    throw fail(`VOMS Server for ${name} not known!${hint}`);
  }
}

/** @throws ToolExit with `-failonwarn` */
function warn(
  context: ToolContext,
  options: VomsProxyOptions,
  obtained: readonly ObtainedAttributes[],
): void {
  for (const { warnings, server } of obtained) {
    if (warnings.length === 0 || options.has('ignorewarn')) continue;
    for (const { message } of warnings) context.err(`\nWarning: ${message}\n\n`);
    if (options.has('failonwarn'))
      throw fail(`\nError in getting data from VOMS server:${server.dn} (or in memorizing)`);
  }
}

async function writeAttributes(
  context: ToolContext,
  path: string,
  obtained: readonly ObtainedAttributes[],
): Promise<number> {
  const [{ formatPem }, { writeFileAtomic }] = await Promise.all([
    import('../../asn1/index.ts'),
    import('../../kit/index.ts'),
  ]);
  const pem = obtained.map(({ certificate }) => formatPem('ATTRIBUTE CERTIFICATE', certificate.der)).join('');
  await writeFileAtomic(resolve(path), Buffer.from(pem), 0o600).catch((error: Error) => {
    throw new ToolExit(1, { stderr: `\nERROR: Cannot write ACs to: ${path}: ${error.message}\n` });
  });
  context.out(`Wrote ACs to ${path}\n`);
  return 0;
}
