import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RetrieveResult } from '../../myproxy/index.ts';
import {
  accountOptions,
  connectionOptions,
  fail,
  readCommandLine,
  reportError,
  requireServers,
  standardOptions,
  type Tool,
  type ToolContext,
  ToolExit,
  type ToolInterface,
} from '../kit/index.ts';

/** The C tool returns -1 from main when a run fails (but 1 for a bad command line). */
const FAILED = 255;

const face: ToolInterface = {
  tool: 'myproxy-retrieve',
  synopsis: '[-l username] ...',
  refusesOperands: false,
  options: [
    ...standardOptions,
    ...connectionOptions,
    ...accountOptions,
    {
      short: 'a',
      long: 'authorization',
      value: 'path',
      help: 'The proxy in this file proves who asks, instead of a pass phrase',
    },
    { short: 'c', long: 'certfile', value: 'filename', help: 'Where the certificate goes; must not exist' },
    { short: 'y', long: 'keyfile', value: 'filename', help: 'Where the key goes; must not exist' },
    { short: 'S', long: 'stdin_pass', help: 'Read the pass phrase from standard input' },
    { short: 'T', long: 'trustroots', help: 'Also fetch and install trust roots' },
    { short: 'n', long: 'no_passphrase', help: 'Do not ask for a pass phrase' },
  ],
};

const UNSPECIFIED =
  'Unspecified myproxy-server.  Set the MYPROXY_SERVER environment variable to\n' +
  "the hostname of the myproxy-server or run with '-s server-hostname'.";

/** `myproxy-retrieve`: fetches a stored certificate with its key. */
export const myproxyRetrieve: Tool = async (argv, context) => {
  const line = readCommandLine(face, argv, context);
  const servers = requireServers(line.connection, undefined, UNSPECIFIED);
  const { accountName, openClient, readPassPhrase, tellServer } = await import('../kit/network.ts');
  const files = outputFiles(context, line.value('c'), line.value('y'));
  const { isThere } = await import('../kit/own-certificate.ts');
  for (const file of [files.certificate, files.key]) {
    if (await isThere(file))
      throw fail(`${file} exists.\n  hint: name other files with -c and -y, or move it away`, FAILED);
  }
  try {
    const renewWith = line.value('a');
    const username = await accountName(context, {
      username: line.value('l'),
      isSubject: line.has('d'),
      certificateFile: renewWith,
    });
    const client = await openClient(context, {
      servers,
      connection: line.connection,
      verbose: line.has('v'),
    });
    const { installedPlace, needsBootstrap } = await import('../kit/trust-roots.ts');
    if (await needsBootstrap(context, { trustRoots: line.has('T'), bootstrap: false })) {
      await client.getTrustRoots({ writeToCACertDir: true, bootstrap: true });
    }
    const result = await client.retrieve({
      username,
      credname: line.value('k'),
      passphrase:
        line.has('n') || renewWith !== undefined
          ? undefined
          : () => readPassPhrase(context, { fromStdin: line.has('S') }),
      renew: renewWith === undefined ? undefined : { certFile: renewWith },
      updateTrustRoots: line.has('T'),
    });
    tellServer(context, line.has('v'), result.server);
    await deliver(result, files, context);
    context.out(`Credentials for ${username} have been stored in\n${files.certificate} and\n${files.key}.\n`);
    if (result.trustRoots !== undefined && result.trustRoots.files.size > 0) {
      context.out(
        `Trust roots have been installed in ${installedPlace(context, result.trustRoots.directory)}.\n`,
      );
    }
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) throw new ToolExit(FAILED, { stderr: error.stderr });
    throw fail(reportError(error).trimEnd(), FAILED);
  }
};

interface OutputFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Root's credentials are the host's, everybody else's live in `~/.globus`. */
function outputFiles(
  context: ToolContext,
  certificate: string | undefined,
  key: string | undefined,
): OutputFiles {
  const { env } = context;
  const isRoot = context.uid === 0;
  const directory = isRoot ? '/etc/grid-security' : join(env.HOME ?? homedir(), '.globus');
  const stem = isRoot ? 'host' : 'user';
  return {
    certificate: certificate ?? env.X509_USER_CERT ?? join(directory, `${stem}cert.pem`),
    key: key ?? env.X509_USER_KEY ?? join(directory, `${stem}key.pem`),
  };
}

async function deliver(result: RetrieveResult, files: OutputFiles, context: ToolContext): Promise<void> {
  const { createPrivateFile, reasonOf } = await import('../kit/private-file.ts');
  const write = async (file: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await createPrivateFile(file, bytes).catch((error: unknown) => {
      throw fail(
        `open(${file}) failed: ${reasonOf(error)}\nProblem storing to: ${files.certificate} and ${files.key}`,
      );
    });
  };
  await write(files.certificate, Buffer.from(result.certificatesPem));
  await write(files.key, await keyBytes(result, context));
}

/** A host's key is of no use encrypted: root gets it in the clear, as from the C tool. */
async function keyBytes(result: RetrieveResult, context: ToolContext): Promise<Uint8Array> {
  if (context.uid !== 0) return result.keyPem.reveal();
  const { privateKey } = await result.open();
  return Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
