const BLOCK = /-----BEGIN SSH HOST KEY KEYS-----([\s\S]*?)-----END SSH HOST KEY KEYS-----/g;
const KEY = /\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) (AAAA[A-Za-z0-9+/]{40,4096}={0,2})/g;

/**
 * Public host keys that cloud-init wrote on the console, `ssh-ed25519 AAAA…`; of several boots the last. Empty while there is no whole
 * block yet. Kernel messages between and before the lines are passed over.
 */
export function hostKeysOnConsole(console: string): readonly string[] {
  const last = [...console.matchAll(BLOCK)].at(-1)?.[1] ?? '';
  return [...last.matchAll(KEY)]
    .filter(([, type = '', base64 = '']) => typeInside(base64) === type)
    .map(([, type, base64]) => `${type} ${base64}`);
}

/** The type that the key itself names: a line torn by another message does not name it. */
function typeInside(base64: string): string {
  const blob = Buffer.from(base64, 'base64');
  return blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
}
