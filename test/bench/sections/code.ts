/** The functions' own weight: bundle, start, processor time, memory. */
import { BEFORE, type BundleCost, measureBundles, VARIANTS } from '../bundle-cost.ts';
import { type ClientCost, measureClients } from '../client-cost.ts';
import { type HandlerCost, measureBatchMegabytes, measureHandlerCost } from '../handler-cost.ts';
import { barsSvg, figure } from '../plot.ts';
import type { Progress, ReportTable, Section } from '../report.ts';

const ABOUT = `Processor time on one core of the machine that wrote this page, the least of several tries; a function has \
a whole one by default. Requests go through the SDK's real client to a process that answers at once, so that \
what is left is our own code and the SDK's. Memory is the most that a process with one batch has held.`;

const SHAPES = [
  { records: 1, parents: 1 },
  { records: 1000, parents: 1 },
  { records: 10_000, parents: 1 },
  { records: 10_000, parents: 1000 },
] as const;

/** What one more costs, from shapes that differ in nothing else. */
function sharesOf(handlers: readonly HandlerCost[]): ReportTable {
  const [, few, many, spread] = handlers as [HandlerCost, HandlerCost, HandlerCost, HandlerCost];
  const micros = (a: HandlerCost, b: HandlerCost, by: 'records' | 'requests') =>
    figure(((b.cpuMillis - a.cpuMillis) * 1000) / (b[by] - a[by]));
  return {
    title: 'One more costs',
    head: ['', 'µs'],
    rows: [
      ['record of the same service', micros(few, many, 'records')],
      ['request', micros(many, spread, 'requests')],
    ],
  };
}

/** Side by side with the functions as they were built before this release. */
function bundlesTable(bundles: readonly BundleCost[]): ReportTable {
  const before = bundles.find(({ variant }) => variant === BEFORE)?.importMillis ?? 1;
  return {
    title: 'Bundle and start',
    head: ['', 'KB', 'ms to load', 'of before', 'ms, if Node.js has it compiled'],
    rows: bundles.map(({ variant, kilobytes, importMillis, compiledMillis }) => [
      variant,
      figure(kilobytes),
      importMillis.toFixed(1),
      (importMillis / before).toFixed(2),
      compiledMillis.toFixed(1),
    ]),
  };
}

/** Side by side, so that their ratio holds on a busy machine too. */
function clientsTable(clients: readonly ClientCost[]): ReportTable {
  const [first] = clients;
  return {
    title: 'One request, by client',
    head: ['', 'µs', 'of the SDK’s'],
    rows: clients.map(({ client, micros }) => [client, figure(micros), (micros / (first?.micros ?? 1)).toFixed(2)]),
  };
}

export async function codeSection(quick: boolean, progress: Progress): Promise<Section> {
  const bundles = await measureBundles(quick ? 1 : 20, VARIANTS);
  progress(0.5);
  const handlers = await measureHandlerCost(quick ? SHAPES.slice(0, 2) : SHAPES, quick ? 1 : 15);
  progress(0.8);
  const clients = await measureClients(quick ? 1 : 300);
  progress(0.9);
  const batches = quick ? [1] : [1, 1000, 10_000];
  const memory: (readonly [number, number])[] = [];
  for (const records of batches) memory.push([records, await measureBatchMegabytes(records, 1)]);
  return {
    title: 'The functions themselves',
    about: ABOUT,
    tables: [
      bundlesTable(bundles),
      {
        title: 'task-deleted, one batch',
        head: ['records', 'draining services', 'requests', 'ms'],
        rows: handlers.map(({ records, parents, requests, cpuMillis }: HandlerCost) => [
          figure(records),
          figure(parents),
          figure(requests),
          cpuMillis.toFixed(1),
        ]),
      },
      ...(quick ? [] : [sharesOf(handlers)]),
      clientsTable(clients),
      {
        title: 'Memory of one batch',
        head: ['records', 'MB, at most'],
        rows: memory.map(([records, megabytes]) => [figure(records), figure(megabytes)]),
      },
    ],
    pictures: [
      {
        file: 'start.svg',
        title: 'milliseconds to load a bundle',
        svg: barsSvg({
          title: 'Start',
          unit: 'ms of processor time',
          groups: bundles.map(({ variant }) => variant),
          series: [{ name: 'load', values: bundles.map(({ importMillis }) => importMillis) }],
        }),
      },
    ],
  };
}
