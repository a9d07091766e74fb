import { loadSettings, openEnvelope } from '../../daemon/index.ts';
import { counted, LatchkeyError, quote } from '../../kit/index.ts';
import { type Envelope, FileStore } from '../../repository/index.ts';
import type { Command, Report } from './command.ts';
import { configFile, storageOf } from './config-file.ts';

/**
 * `latchkey envelope on|off [FILE]`: writes everything that is stored anew, under the first server key or without one.
 * Pass phrases, locks and what is beneath the envelope stay as they are.
 */
export const envelope: Command = async (invocation) => {
  const wanted = invocation.given.argument(0);
  if (wanted !== 'on' && wanted !== 'off') {
    throw new LatchkeyError('cli/usage', `${quote(wanted)} is neither on nor off`);
  }
  const file = await configFile(invocation, 1);
  const settings = await loadSettings(file, storageOf(invocation));
  const keys = await openEnvelope(settings.sealing.serverKeys);
  if (keys === undefined) {
    throw new LatchkeyError('config/missing', `${file} names no server key`, {
      hint: 'set sealing.server_key_file, server_key_credential or server_key_command; to take an envelope off, the key it was put on with',
    });
  }
  return rewrite(settings.storage, wanted === 'on' ? keys : takingOff(keys), wanted);
};

/** Opens what is sealed, and seals nothing. */
function takingOff(keys: Envelope): Envelope {
  return { seal: (pem) => pem, open: (stored, bound) => keys.open(stored, bound) };
}

async function rewrite(storage: string, sealing: Envelope, wanted: 'on' | 'off'): Promise<Report> {
  const skipped: { readonly file: string; readonly reason: string }[] = [];
  const store = await FileStore.open(storage, {
    envelope: sealing,
    onFinding: ({ file, message }) => skipped.push({ file, reason: message }),
  });
  let written = 0;
  try {
    for await (const credential of store.list()) {
      if (await store.write(credential, { replacing: credential })) written += 1;
      else skipped.push({ file: credential.username, reason: 'it was changed by somebody else meanwhile' });
    }
  } finally {
    await store.close();
  }
  const how = wanted === 'on' ? 'now under the server key' : 'now without envelope';
  return {
    json: { storage, envelope: wanted, written, skipped },
    lines: [
      `${counted(written, 'credential')} in ${storage} ${how}`,
      ...skipped.map(({ file, reason }) => `  ✘ ${file}: ${reason}`),
    ],
    exitCode: skipped.length > 0 ? 1 : 0,
  };
}
