/** A drain as a moving picture: what a screen was told, drawn as an SVG that plays it over and over. */
import type { StackRemoval } from './stack-removal.ts';

/** What a screen was told, and when. */
export interface Recording {
  readonly frames: readonly { readonly atMillis: number; readonly left: Readonly<Record<string, number>> }[];
  readonly deletions: readonly { readonly atMillis: number; readonly name: string; readonly reason: string }[];
}

/** Twice as fast as it was: half a minute is long to look at. */
const SPEED = 2;
/** The end stays, so that it can be read. */
const REST_MILLIS = 4_000;
const [WIDTH, ROW, TOP, MARGIN] = [840, 28, 58, 16];
const [BAR_X, BAR_WIDTH, STATE_X, NETWORK_STATE_X] = [170, 240, 426, 246];
/** Of the whole picture's time, for a change that is to look sudden. */
const INSTANT = 0.001;

export function drainPicture(plan: StackRemoval, { frames, deletions }: Recording): string {
  const lastMillis = Math.max(...frames.map(({ atMillis }) => atMillis), ...deletions.map(({ atMillis }) => atMillis));
  const totalMillis = lastMillis / SPEED + REST_MILLIS;
  const share = (millis: number) => Math.min(1 - INSTANT, millis / SPEED / totalMillis);
  const clock = `dur="${(totalMillis / 1000).toFixed(1)}s" repeatCount="indefinite"`;
  /** Opacity from one moment on, or up to it. */
  const fade = (from: number, to: number, atMillis: number) => {
    const at = share(atMillis);
    const times = [0, at, Math.min(1, at + INSTANT), 1].map((time) => time.toFixed(3)).join(';');
    return `<animate attributeName="opacity" ${clock} values="${from};${from};${to};${to}" keyTimes="${times}"/>`;
  };
  const goneOf = (name: string) => deletions.find((deletion) => deletion.name === name);
  const text = (x: number, y: number, kind: string, said: string, inner = '') =>
    `<text x="${x}" y="${y}" class="${kind}">${escaped(said)}${inner}</text>`;
  /** What it waits for, until it is deleted; then why. */
  const states = (x: number, y: number, waits: string, name: string): string => {
    const gone = goneOf(name);
    if (gone === undefined) return text(x, y, 'stays', waits);
    return (
      text(x, y, 'waits', waits, fade(1, 0, gone.atMillis)) +
      text(x, y, 'gone', `deleted: ${gone.reason}`, fade(0, 1, gone.atMillis))
    );
  };
  const services = plan.services.map((id, row) => {
    const y = TOP + ROW * row;
    const counts = frames.map(({ left }) => left[id] ?? 0);
    const most = Math.max(1, ...counts);
    const widths = [...counts, 0].map((count) => Math.round((BAR_WIDTH * count) / most));
    const times = [...frames.map(({ atMillis }, index) => (index === 0 ? 0 : share(atMillis))), 1];
    const bar = `<animate attributeName="width" ${clock} calcMode="discrete" values="${widths.join(';')}" keyTimes="${times.map((time) => time.toFixed(3)).join(';')}"/>`;
    return [
      text(MARGIN, y, 'name', id),
      `<rect x="${BAR_X}" y="${y - 11}" width="${BAR_WIDTH}" height="12" rx="3" class="track"/>`,
      `<rect x="${BAR_X}" y="${y - 11}" width="${widths[0]}" height="12" rx="3" class="bar">${bar}</rect>`,
      states(STATE_X, y, 'marked: waits for its tasks', `service ${id}`),
    ].join('');
  });
  const networks = plan.networks.map((id, row) => {
    const y = TOP + ROW * (plan.services.length + row) + ROW / 2;
    const [user] = plan.keptNetworks.find((kept) => kept.id === id)?.waitsFor ?? [];
    const waits =
      user === undefined ? 'marked: waits for its services' : `stays: ${user.id} uses it, and is not marked`;
    return (
      text(MARGIN, y, 'name', id) +
      text(BAR_X, y, 'kind', 'network') +
      states(NETWORK_STATE_X, y, waits, `network ${id}`)
    );
  });
  const height = TOP + ROW * (plan.services.length + plan.networks.length) + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Stack ${escaped(plan.stack)} is removed: each service goes with its last task, each network with its last service</title>
<style>text{font:13px ui-monospace,Menlo,Consolas,monospace}.title{font-weight:bold;fill:#24292f}.name{fill:#24292f}.kind,.waits{fill:#6e7781}.gone{fill:#1a7f37}.stays{fill:#9a6700}.track{fill:#eaeef2}.bar{fill:#54aeff}</style>
<rect width="${WIDTH}" height="${height}" rx="8" fill="#f6f8fa"/>
${text(MARGIN, 26, 'title', `rm --stack ${plan.stack}: everything is marked, and its tasks stop one by one`)}
${[...services, ...networks].join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
