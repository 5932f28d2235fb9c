/** Two kinds of pictures as plain SVG text: bars side by side, and lines over two axes. Scales go in powers of ten. */

const WIDTH = 760;
const COLOURS = ['#0b6e4f', '#c1440e', '#5b5ea6', '#b8860b', '#7a7a7a'];
const FONT = 'font-family="system-ui, sans-serif" font-size="12" fill="#333"';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Bars {
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly string[];
  readonly series: readonly Series[];
}

export interface Lines {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number, string?])[];
  }[];
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x: number, y: number, content: string, more = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${FONT} ${more}>${escaped(content)}</text>`;

function picture(height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(16, 24, title, 'font-weight="bold"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

export function figure(number: number): string {
  if (number === 0) return '0';
  if (number >= 1000) return Math.round(number).toLocaleString('en-US');
  return String(Number(number.toPrecision(number < 1 ? 2 : 3)));
}

/** Powers of ten around all values; a value of nothing stands at the lower end. */
function decades(values: readonly number[]): { readonly low: number; readonly high: number } {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const low = Math.floor(Math.min(...logs));
  return { low, high: Math.max(low + 1, Math.ceil(Math.max(...logs))) };
}

function legend(names: readonly string[], y: number): string[] {
  return names.flatMap((name, n) => [
    `<rect x="${16 + n * 150}" y="${y - 10}" width="12" height="12" fill="${COLOURS[n]}"/>`,
    text(34 + n * 150, y, name),
  ]);
}

const BAR_HEIGHT = 16;
const BARS_LEFT = 330;

export function barsSvg({ title, unit, groups, series }: Bars): string {
  const { low, high } = decades(series.flatMap(({ values }) => values));
  const scale = (WIDTH - BARS_LEFT - 90) / (high - low);
  const length = (value: number) => (value > 0 ? Math.max(2, (Math.log10(value) - low) * scale) : 0);
  const groupHeight = series.length * BAR_HEIGHT + 14;
  const parts = groups.flatMap((group, g) => [
    text(16, 82 + g * groupHeight, group),
    ...series.flatMap(({ values }, n) => {
      const [value = 0, y] = [values[g], 70 + g * groupHeight + n * BAR_HEIGHT];
      return [
        `<rect x="${BARS_LEFT}" y="${y}" width="${length(value).toFixed(1)}" height="${BAR_HEIGHT - 2}" fill="${COLOURS[n]}"/>`,
        text(BARS_LEFT + length(value) + 6, y + 12, figure(value)),
      ];
    }),
  ]);
  const names = series.map(({ name }) => name);
  return picture(80 + groups.length * groupHeight, `${title} (${unit}, logarithmic)`, [...legend(names, 50), ...parts]);
}

const FRAME = { left: 70, right: 30, top: 70, bottom: 50, height: 420 };

export function linesSvg({ title, x, y, series }: Lines): string {
  const all = series.flatMap(({ points }) => points);
  const [xs, ys] = [decades(all.map(([value]) => value)), decades(all.map(([, value]) => value))];
  const [width, height] = [WIDTH - FRAME.left - FRAME.right, FRAME.height - FRAME.top - FRAME.bottom];
  const place = (value: number, { low, high }: typeof xs) =>
    (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
  const toX = (value: number) => FRAME.left + place(value, xs) * width;
  const toY = (value: number) => FRAME.top + (1 - place(value, ys)) * height;
  const ticks = ({ low, high }: typeof xs) => Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n));
  const grid = [
    ...ticks(xs).flatMap((value) => [
      `<line x1="${toX(value)}" y1="${FRAME.top}" x2="${toX(value)}" y2="${FRAME.top + height}" stroke="#ddd"/>`,
      text(toX(value), FRAME.top + height + 18, figure(value), 'text-anchor="middle"'),
    ]),
    ...ticks(ys).flatMap((value) => [
      `<line x1="${FRAME.left}" y1="${toY(value)}" x2="${FRAME.left + width}" y2="${toY(value)}" stroke="#ddd"/>`,
      text(FRAME.left - 6, toY(value) + 4, figure(value), 'text-anchor="end"'),
    ]),
    text(FRAME.left + width / 2, FRAME.height - 12, x, 'text-anchor="middle"'),
    text(16, FRAME.top - 6, y),
  ];
  const drawn = series.flatMap(({ points }, n) => [
    `<polyline fill="none" stroke="${COLOURS[n]}" stroke-width="1.5" points="${points
      .map(([px, py]) => `${toX(px).toFixed(1)},${toY(py).toFixed(1)}`)
      .join(' ')}"/>`,
    ...points.flatMap(([px, py, label]) => [
      `<circle cx="${toX(px).toFixed(1)}" cy="${toY(py).toFixed(1)}" r="3.5" fill="${COLOURS[n]}"/>`,
      ...(label === undefined ? [] : [text(toX(px) + 6, toY(py) - 6, label)]),
    ]),
  ]);
  const names = series.map(({ name }) => name);
  return picture(FRAME.height, title, [...legend(names, 44), ...grid, ...drawn]);
}
