import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError, Secret } from '../../kit/index.ts';
import { parseSshCertificate } from './certificate.ts';
import { sshFingerprint } from './fingerprint.ts';
import { inspectSshKey, openSshKey } from './private-key.ts';
import { parseSshPublicKey } from './public-key.ts';

/** Made for this test: ssh-keygen -t ed25519 -a 2 -N 'a good phrase'. */
const ENCRYPTED = armour(`
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDJPVLVJ3
Cf7sVtSNrufPODAAAAAgAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIIBRIiALBeKMObsr
k+bvHI2An0g2Rw1dnuhToJGmuxnyAAAAkNBM+F7gzExhSrar7zkzaKUGa0vu+wWe47dJel
IDLlTzB67jhluaQ2n7v8pZxG2sVuxHm0/vH7ltzGwWvPCH3c7xPNkFek3UbVeYHDIE1mFV
3OMc5tgqjohPCFStBVmJ7c+g3JYmDe9+OACYCRUhBst1kJeSpsqvI2njXZMHGCTx7GJCtH
lFqeb7CrFPicWMrA==`);
/** The same without a pass phrase: another key. */
const PLAIN = armour(`
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACCrMt5ctEBGOZ1gMi5KhFW4hqRsJjFFRDVSMtfxH99s2AAAAJAaiQsXGokL
FwAAAAtzc2gtZWQyNTUxOQAAACCrMt5ctEBGOZ1gMi5KhFW4hqRsJjFFRDVSMtfxH99s2A
AAAEA0K5MHcKLk/R59Z/KlaGEc9P0A0UItd9oSQ8FBlK5PIKsy3ly0QEY5nWAyLkqEVbiG
pGwmMUVENVIy1/Ef32zYAAAADGphbmVAZXhhbXBsZQE=`);

function armour(base64: string): string {
  return `-----BEGIN OPENSSH PRIVATE KEY-----${base64}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
}

function textOf(bytes: Uint8Array): string {
  return armour(`\n${Buffer.from(bytes).toString('base64')}`);
}

test('an encrypted OpenSSH key: its public half without, its private half with the pass phrase', async () => {
  const fingerprint = 'SHA256:8nSDnm3POJuImT+bof4gHlVoMcZ16T7LaV00LiU64YY';
  const file = inspectSshKey(ENCRYPTED);
  assert.equal(file.isEncrypted, true);
  assert.equal(file.publicKey && sshFingerprint(file.publicKey), fingerprint);
  const opened = await openSshKey(ENCRYPTED, { passPhrase: new Secret('a good phrase') });
  assert.equal(sshFingerprint(opened.publicKey), fingerprint);
  assert.equal(opened.comment, 'jane@example');
  assert.equal(opened.privateKey?.asymmetricKeyType, 'ed25519');
});

test('a key derivation of four thousand million rounds is refused unseen', async () => {
  const bytes = bytesOf(ENCRYPTED);
  const at = bytes.indexOf(Buffer.from('0000000200000001', 'hex'));
  bytes.writeUInt32BE(0xffff_ffff, at);
  await assert.rejects(openSshKey(textOf(bytes), { passPhrase: new Secret('a good phrase') }), /rounds/);
});

test('what is no private key is told for what it is', async () => {
  const cases: [string, RegExp][] = [
    ['', /no line "-----BEGIN/],
    [
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKsy3ly0QEY5nWAyLkqEVbiGpGwmMUVENVIy1/Ef32zY x',
      /a public key where/,
    ],
    ['PuTTY-User-Key-File-3: ssh-ed25519\n', /another program/],
    [PLAIN.slice(0, 200), /without its last line/],
    [PLAIN.replace('b3Blb', 'c3Blb'), /without its first words/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /no line/],
  ];
  for (const [text, words] of cases) {
    await assert.rejects(openSshKey(text), words);
    assert.throws(() => inspectSshKey(text), words);
  }
});

test('a changed byte anywhere in a plain key: an error of ours, or a key that proved itself', async () => {
  const bytes = bytesOf(PLAIN);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(bytes.length),
      async (at, change, length) => {
        const mutated = Buffer.from(bytes);
        mutated[at] = (mutated[at] ?? 0) ^ change;
        await onlyOurErrors(openSshKey(textOf(mutated)));
        await onlyOurErrors(openSshKey(textOf(bytes.subarray(0, length))));
      },
    ),
    { numRuns: 300 },
  );
});

test('a changed byte in an encrypted key neither crashes nor hangs', async () => {
  const bytes = bytesOf(ENCRYPTED);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const mutated = Buffer.from(bytes);
      mutated[at] = (mutated[at] ?? 0) ^ change;
      // More rounds than a test has time for are the machine's business, not the parser's.
      if (mutated.readUInt32BE(bytes.indexOf(Buffer.from('0000000200000001', 'hex'))) > 20) return;
      await onlyOurErrors(openSshKey(textOf(mutated), { passPhrase: new Secret('a good phrase') }));
    }),
    { numRuns: 25 },
  );
});

test('no text crashes the readers of keys, lines and certificates', async () => {
  const anything = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 300 }).map(textOf),
    fc.uint8Array().map(lineOf),
  );
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      await onlyOurErrors(openSshKey(text));
      for (const read of [parseSshPublicKey, parseSshCertificate]) {
        await onlyOurErrors(Promise.resolve().then(() => read(text)));
      }
    }),
    { numRuns: 500 },
  );
});

function lineOf(bytes: Uint8Array): string {
  return `ssh-ed25519-cert-v01@openssh.com ${Buffer.from(bytes).toString('base64')}`;
}

async function onlyOurErrors(act: Promise<unknown>): Promise<void> {
  await act.catch((error) => {
    if (!isLatchkeyError(error)) throw error;
  });
}
