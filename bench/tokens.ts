// `npm run bench -- tokens`: CPU time of issuing and verifying one token, in one process, for each algorithm.
import {
  fixedKeys,
  generateSigningKey,
  issueToken,
  makePublishedKey,
  makeSigningKey,
  TOKEN_ALGORITHMS,
  verifyToken,
} from '../src/tokens/index.ts';

const COUNTS = { ES256: 5000, RS256: 1000, EdDSA: 5000 } as const;
const now = new Date();

for (const algorithm of TOKEN_ALGORITHMS) {
  const key = makeSigningKey(await generateSigningKey(algorithm), 'bench');
  const request = {
    profile: 'wlcg:1.0',
    issuer: 'https://tokens.example',
    subject: 'alice',
    audience: ['https://data.example'],
    scope: 'storage.read:/user/alice storage.modify:/user/alice',
    lifetimeSeconds: 1200,
  } as const;
  const options = {
    keys: fixedKeys([makePublishedKey(key.privateKey, key.keyId)]),
    issuers: [request.issuer],
    audience: request.audience,
    now,
  };
  const count = COUNTS[algorithm];
  const issueMicroseconds = await cpuOf(count, () => issueToken(request, key, now));
  const { token } = issueToken(request, key, now);
  const verifyMicroseconds = await cpuOf(count, async () => {
    if (!(await verifyToken(token, options)).ok) throw new Error('refused');
  });
  console.log(JSON.stringify({ bench: 'tokens', algorithm, count, issueMicroseconds, verifyMicroseconds }));
}

/** Microseconds of CPU for one turn, after a tenth of them to warm up. */
async function cpuOf(count: number, turn: () => unknown): Promise<number> {
  for (let i = 0; i < count / 10; i += 1) await turn();
  const start = process.cpuUsage();
  for (let i = 0; i < count; i += 1) await turn();
  const { user, system } = process.cpuUsage(start);
  return Math.round((user + system) / count);
}
