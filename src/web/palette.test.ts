import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contrast, PALETTES, READ_ON } from './palette.ts';

test('black on white is 21 : 1', () =>
  assert.equal(Math.round(contrast('#000000', '#ffffff') * 10) / 10, 21));

for (const [name, palette] of Object.entries(PALETTES)) {
  test(`every text of the ${name} palette can be read`, () => {
    for (const [ink, ground] of READ_ON) {
      const ratio = contrast(palette[ink], palette[ground]);
      assert.ok(ratio >= 4.5, `${ink} on ${ground}: ${ratio.toFixed(2)}`);
    }
  });
  test(`controls and focus of the ${name} palette stand out (3 : 1)`, () => {
    for (const ground of ['ground', 'surface'] as const)
      assert.ok(contrast(palette.accent, palette[ground]) >= 3);
    for (const bar of ['good', 'warn', 'bad'] as const)
      assert.ok(contrast(palette[bar], palette.sunken) >= 3, bar);
  });
}
