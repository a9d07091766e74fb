/** Names of the colours that pages are painted with. */
export type Ink =
  | 'ground'
  | 'surface'
  | 'sunken'
  | 'line'
  | 'text'
  | 'quiet'
  | 'accent'
  | 'onAccent'
  | 'good'
  | 'goodTint'
  | 'warn'
  | 'warnTint'
  | 'bad'
  | 'badTint';

/** The two palettes; `palette.test.ts` computes every contrast that {@link READ_ON} promises. */
export const PALETTES: Readonly<Record<'light' | 'dark', Readonly<Record<Ink, string>>>> = {
  light: {
    ground: '#f4f6f8',
    surface: '#ffffff',
    sunken: '#eaeef2',
    line: '#d3dae2',
    text: '#18212c',
    quiet: '#4d5b6b',
    accent: '#0b5f59',
    onAccent: '#ffffff',
    good: '#146c43',
    goodTint: '#e4f4ea',
    warn: '#7d4a00',
    warnTint: '#fdf1dc',
    bad: '#a1221a',
    badTint: '#fcebe9',
  },
  dark: {
    ground: '#10151b',
    surface: '#19212a',
    sunken: '#26313d',
    line: '#35424f',
    text: '#e9eef3',
    quiet: '#a9b6c4',
    accent: '#62d0c0',
    onAccent: '#06201d',
    good: '#6fd49b',
    goodTint: '#16332a',
    warn: '#f2bd6b',
    warnTint: '#3a2d17',
    bad: '#ff9d94',
    badTint: '#42211f',
  },
};

/** Text colours and the grounds they are read on (WCAG 2.2 §1.4.3: at least 4.5 : 1). */
export const READ_ON: readonly (readonly [Ink, Ink])[] = [
  ['text', 'ground'],
  ['text', 'surface'],
  ['text', 'sunken'],
  ['quiet', 'ground'],
  ['quiet', 'surface'],
  ['quiet', 'sunken'],
  ['accent', 'ground'],
  ['accent', 'surface'],
  ['onAccent', 'accent'],
  ['good', 'surface'],
  ['warn', 'surface'],
  ['bad', 'surface'],
  ['good', 'goodTint'],
  ['warn', 'warnTint'],
  ['bad', 'badTint'],
  ['text', 'goodTint'],
  ['text', 'warnTint'],
  ['text', 'badTint'],
];

/** Contrast of two `#rrggbb` colours (WCAG 2.2, relative luminance), 1 to 21. */
export function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
