/** What the operator's commands take, by the number of objects: memory and requests, and both as they were before. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEAP_MEGABYTES, measureOperator, worldOf } from '../operator-cost.ts';
import { figure, linesSvg } from '../plot.ts';
import type { Progress, Section } from '../report.ts';

const ABOUT = `The real command in a process of its own, whose JavaScript may hold ${HEAP_MEGABYTES} MB. It asks a process that makes \
each item from its number, with 1,000 in a page, and forgets what is written: so a million objects fit anywhere. A fifth of \
them are services with a network, an attachment and two tasks each. *Audit with faults*: up to 20,000 services lack their \
attachments. *Status*: up to 10,000 marked services, all shown. *Explain*: a network that all services use. *History*: as many \
receipts. An import of a million objects is left out: it sends a transaction for 50. Memory is the most that the \
process has held, Node.js included.`;

export const OPERATOR_SIZES = [1000, 10_000, 100_000, 1_000_000];
const FAULTS_MAX = 20_000;
const STATUS_MAX = 10_000;
const IMPORTED_MAX = 100_000;

/** Measured at c2651d7, before any of this; not measured anew. Requests, or megabytes, by what was measured. */
const BEFORE: readonly (readonly string[])[] = [
  ['audit of 250,000 objects', '1,100 MB'],
  ['audit, 2,000 findings', '1,256 MB'],
  ['audit, 4,000 findings', 'out of memory at 3,000 MB'],
  ['export of more than 10,000 services', 'refused'],
  ['status of 10,000 marked', '20,121 requests'],
  ['explain of a network with 1,000 users', '2,002 requests'],
  ['history of a million receipts', '409 MB'],
];

export async function operatorsSection(sizes: readonly number[], progress: Progress): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'operators-'));
  const file = join(folder, 'cluster.jsonl');
  const commands = [
    ['audit', (objects: number) => [worldOf(objects), ['audit', '--confirm', '0s']] as const],
    [
      'audit with faults',
      (objects: number) =>
        [
          worldOf(objects, { faults: Math.min(FAULTS_MAX, objects / 5) }),
          ['audit', '--confirm', '0s', '--json'],
        ] as const,
    ],
    ['export --lines', (objects: number) => [worldOf(objects), ['export', '--lines', '--force', file]] as const],
    ['import', (objects: number) => [worldOf(objects, { isEmpty: true }), ['import', file]] as const],
    [
      'status',
      (objects: number) =>
        [
          worldOf(objects, { marked: Math.min(STATUS_MAX, objects / 5) }),
          ['status', '--limit', String(STATUS_MAX), '--json'],
        ] as const,
    ],
    [
      'explain',
      (objects: number) => [worldOf(objects, { networks: 1 }), ['explain', 'network', 'n-00000000', '--json']] as const,
    ],
    ['history', (objects: number) => [worldOf(objects, { receipts: objects }), ['history', '--json']] as const],
  ] as const;
  const costs: {
    readonly command: string;
    readonly objects: number;
    readonly requests: number;
    readonly megabytes: number;
  }[] = [];
  try {
    for (const [done, objects] of sizes.entries()) {
      for (const [command, make] of commands) {
        if (command === 'import' && objects > IMPORTED_MAX) continue;
        const [world, args] = make(objects);
        const { status, stderr, requests, megabytes } = await measureOperator(world, args);
        const expected = command === 'audit with faults' ? 1 : 0;
        if (status !== expected) throw new Error(`${command} of ${objects} objects ended with ${status}: ${stderr}`);
        costs.push({ command, objects, requests, megabytes });
      }
      progress((done + 1) / sizes.length);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const names = commands.map(([name]) => name);
  const tableOf = (title: string, measureOf: (cost: (typeof costs)[number]) => number) => ({
    title,
    head: ['objects', ...names],
    rows: sizes.map((objects) => [
      figure(objects),
      ...names.map((name) => {
        const cost = costs.find((one) => one.command === name && one.objects === objects);
        return cost === undefined ? '' : figure(measureOf(cost));
      }),
    ]),
  });
  const series = (measureOf: (cost: (typeof costs)[number]) => number) =>
    names
      // Five lines are as many as can be told apart.
      .filter((name) => name !== 'explain' && name !== 'history')
      .map((name) => ({
        name,
        points: costs.filter(({ command }) => command === name).map((cost) => [cost.objects, measureOf(cost)] as const),
      }));
  return {
    title: 'The operator’s side',
    about: ABOUT,
    tables: [
      tableOf('Memory, MB', ({ megabytes }) => megabytes),
      tableOf('Requests', ({ requests }) => requests),
      { title: 'Before', head: ['', 'seen'], rows: BEFORE },
    ],
    pictures: [
      {
        file: 'operators-memory.svg',
        title: 'megabytes, by number of objects',
        svg: linesSvg({
          title: 'Memory of a command',
          x: 'objects',
          y: 'MB',
          series: series(({ megabytes }) => megabytes),
        }),
      },
      {
        file: 'operators-requests.svg',
        title: 'requests, by number of objects',
        svg: linesSvg({
          title: 'Requests of a command',
          x: 'objects',
          y: 'requests',
          series: series(({ requests }) => requests),
        }),
      },
    ],
  };
}
