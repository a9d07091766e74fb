import { readFile, stat } from 'node:fs/promises';
import { Secret } from '../../kit/index.ts';
import { fail } from './tool.ts';

/** Bytes a certificate or key file may have. */
const MAX_FILE = 1 << 20;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/;

/**
 * The text of a credential made of a certificate file and a key file (which may be the same): first certificate, key as it is,
 * the other certificates. This is what STORE uploads and what the repository keeps.
 *
 * @throws ToolExit naming the file that is missing or holds something else
 */
export async function readCredentialPem(certificateFile: string, keyFile: string): Promise<Secret> {
  const certificates = (await readText(certificateFile)).match(CERTIFICATE);
  const [leaf, ...chain] = certificates ?? [];
  if (leaf === undefined) throw fail(`${certificateFile} doesn't contain '-----BEGIN CERTIFICATE-----'.`);
  const key = KEY.exec(await readText(keyFile))?.[0];
  if (key === undefined)
    throw fail(`${keyFile} doesn't contain a private key ('-----BEGIN PRIVATE KEY-----' or its like).`);
  return new Secret([leaf, key, ...chain].map((block) => `${block}\n`).join(''));
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE)
      throw fail(`${file} has ${size} bytes, more than the ${MAX_FILE} of any certificate or key`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      const reason = error.code === 'ENOENT' ? 'No such file or directory' : error.message;
      throw fail(`Failed to read ${file}: ${reason}`);
    }
    throw error;
  }
}
