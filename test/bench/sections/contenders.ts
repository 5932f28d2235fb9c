/** Ours beside the others, on every workload. */

import { burstBatchRecords } from '../burst.ts';
import { CONTENDERS } from '../contenders/all.ts';
import { type Measured, measure } from '../measure.ts';
import { barsSvg, figure } from '../plot.ts';
import type { Progress, ReportTable, Section } from '../report.ts';
import { type Workload, workloads } from '../workloads.ts';

const ABOUT = `From the first task delete until everything that can go is gone, in a burst, in batches of at most \
${burstBatchRecords()} records. Marks are set beforehand. All contenders share marks, proof and deletion, and differ in how \
they count: *Powertools* is its batch processor with an idempotent counter update, *marker* one transaction a record with a \
marker item, *grouped markers* one transaction for up to 99 records of a service. Tables in memory, units by AWS's rules; \
billed time is virtual, from the latencies in latency.ts. What is left out favours the others: on AWS a single counter takes \
1,000 write units a second, and transactions that meet on it are cancelled, charged and tried again.`;

const HEAD = [
  'contender',
  'requests',
  'read units',
  'write units',
  'of these, to count',
  'invocations',
  'billed ms',
  '$ per million deletes',
];

/** Ours at c2651d7, when each service was asked for by itself: requests, read units, write units, billed ms. Not measured anew. */
const BEFORE: readonly (readonly [workload: string, ...figures: number[]])[] = [
  ['one-service', 10, 6, 11, 79],
  ['many-services', 6_910, 5_881, 10_881, 3_269],
  ['churn', 97, 2_911, 108, 203],
  ['shared-network', 18_026, 16_004, 22_009, 8_246],
  ['duplicates', 7_020, 6_609, 10_787, 3_355],
];

/** This release beside the one before it. */
function beforeAndNow(results: readonly { workload: Workload; measured: readonly Measured[] }[]): ReportTable {
  const rows = results.map(({ workload, measured }) => {
    const [, ...before] = BEFORE.find(([name]) => name === workload.name) ?? [workload.name];
    const { requests, readUnits, writeUnits, billedMillis } = (measured[0] as Measured).deletes;
    const now = [requests, readUnits, writeUnits, billedMillis];
    return [workload.title, ...now.flatMap((one, n) => [figure(before[n] ?? Number.NaN), figure(one)])];
  });
  const names = ['requests', 'read units', 'write units', 'billed ms'];
  return { title: 'Ours, before and now', head: ['', ...names.flatMap((name) => [`${name} before`, 'now'])], rows };
}

/** What is left of the write units of one service without networks, each with what it is for. */
const LEFT: readonly (readonly [what: string, units: number, why: string])[] = [
  [
    'mark: the counter is created',
    2,
    'in a transaction: its token keeps a late repeat from bringing an old counter back (S7)',
  ],
  [
    'mark: the first count',
    1,
    'gives the counter its number and a fresh epoch; a count at the first removal would lose a wake-up',
  ],
  ['each batch: the counter is lowered', 1, 'once a batch, however many tasks of the service it has'],
  ['deletion: the service', 2, 'twice, as each action of a transaction'],
  ['deletion: its entry in the index of what is marked', 2, 'else a sweep would have to read all services'],
  ['deletion: its counter', 2, 'it must not outlive its service (S4)'],
  ['deletion: the receipt', 2, 'who wanted it and why, in the same transaction (S6)'],
];

export function rowOf({ contender, deletes, dollarsPerMillionDeletes }: Measured): string[] {
  const { requests, readUnits, writeUnits, countingWriteUnits, invocations, billedMillis } = deletes;
  return [
    contender,
    ...[requests, readUnits, writeUnits, countingWriteUnits, invocations, billedMillis].map(figure),
    dollarsPerMillionDeletes.toFixed(4),
  ];
}

export async function contendersSection(share: number, progress: Progress): Promise<Section> {
  const all = workloads(share);
  const results: { workload: Workload; measured: Measured[] }[] = [];
  let done = 0;
  for (const workload of all) {
    const measured: Measured[] = [];
    for (const contender of CONTENDERS) {
      measured.push(await measure(contender, workload));
      progress(++done / (all.length * CONTENDERS.length));
    }
    results.push({ workload, measured });
  }
  const tables: ReportTable[] = results.map(({ workload, measured }) => ({
    title: workload.title,
    head: HEAD,
    rows: measured.map(rowOf),
  }));
  const bars = (title: string, unit: string, unitOf: (one: Measured) => number) =>
    barsSvg({
      title,
      unit,
      groups: results.map(({ workload }) => workload.title),
      series: CONTENDERS.map(({ name }, n) => ({
        name,
        values: results.map(({ measured }) => unitOf(measured[n] as Measured)),
      })),
    });
  return {
    title: 'Ours beside the others',
    about: ABOUT,
    tables: [
      ...tables,
      // Of the whole sizes: what was before is not known of others.
      ...(share === 1 ? [beforeAndNow(results)] : []),
      {
        title: 'Write units of one service without networks',
        head: ['what', 'units', 'why'],
        rows: LEFT.map(([what, units, why]) => [what, figure(units), why]),
      },
    ],
    pictures: [
      {
        file: 'write-units.svg',
        title: 'write units',
        svg: bars('Write units', 'units', ({ deletes }) => deletes.writeUnits),
      },
      {
        file: 'dollars.svg',
        title: 'dollars per million task deletes',
        svg: bars('Cost', 'dollars per million task deletes', (one) => one.dollarsPerMillionDeletes),
      },
    ],
  };
}
