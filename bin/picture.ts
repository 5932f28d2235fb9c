/** `npm run picture`: runs the demo on the local cloud, and writes what it showed to docs/drain.svg, which the README has. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSnapshot } from '../lib/operate/snapshots/entries.ts';
import { runDemo } from './demo/demo.ts';
import { drainPicture, type Recording } from './demo/picture.ts';
import { plainScreen } from './demo/plain-screen.ts';
import type { Drain, Screen } from './demo/screen.ts';
import { planStackRemoval } from './demo/stack-removal.ts';

const ROOT = join(import.meta.dirname, '..');
/** Any would do. With the same one only the machine's pace differs from picture to picture. */
const SEED = 7;
const DELETION = /^ *[\d.]+ s +(\w+ \S+) +deleted: (.*)$/;

const frames: Recording['frames'][number][] = [];
const deletions: Recording['deletions'][number][] = [];
let startMillis = 0;
const note = (drains: readonly Drain[]) => {
  const left = Object.fromEntries(drains.map((drain) => [drain.name, drain.left]));
  frames.push({ atMillis: performance.now() - startMillis, left });
};
const plain = plainScreen(process.stderr);
const screen: Screen = {
  ...plain,
  openDrains(drains) {
    startMillis = performance.now();
    plain.openDrains(drains);
    note(drains);
  },
  update(drains, counters) {
    plain.update(drains, counters);
    note(drains);
  },
  event(text) {
    plain.event(text);
    const [, name, reason] = DELETION.exec(text) ?? [];
    if (name !== undefined && reason !== undefined) {
      deletions.push({ atMillis: performance.now() - startMillis, name, reason });
    }
  },
};
const snapshot = parseSnapshot(readFileSync(join(import.meta.dirname, 'sample-cluster.json'), 'utf8'));
const plan = planStackRemoval(snapshot, 'shop');
await runDemo({ snapshot, plan, seed: SEED, screen, signal: new AbortController().signal });
writeFileSync(join(ROOT, 'docs', 'drain.svg'), drainPicture(plan, { frames, deletions }));
process.exit();
