import { test } from 'node:test';
import { killRotations } from './rotation-kills.ts';

test('killed 500 times in the middle of rotations, a valid refresh token always survives', async (t) => {
  const { kills, rotations } = await killRotations(t, 'grace', 500);
  t.diagnostic(`${rotations} rotations, ${kills} kills, none lost`);
});

test('with a server that takes a refresh token only once, what is lost is lost between its rotation and our rename', async (t) => {
  const { kills, rotations, lost } = await killRotations(t, 'strict', 120);
  t.diagnostic(`${rotations} rotations, ${kills} kills, ${lost} logins lost`);
});
