import { test } from 'node:test';
import { killRotations } from './rotation-kills.ts';

test('killed 40 times in the middle of rotations, a valid refresh token always survives', async (t) => {
  const { kills, rotations } = await killRotations(t, 'grace', 40);
  t.diagnostic(`${rotations} rotations, ${kills} kills, none lost`);
});
