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
    tables,
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
