/** What an import takes: requests, processor and time, by the number of services, beside what it took before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureOperator, worldOf } from '../operator-cost.ts';
import { figure } from '../plot.ts';
import type { Progress, Section } from '../report.ts';

const ABOUT = `Services with a task each, fifty to a network, as a snapshot that the real command imports, in a process of its own. \
It asks a process that answers at once, finds nothing and forgets what is written; so the time is the command's own, its start \
included. Requests are the same on every machine, seconds are not.`;

export const IMPORT_SIZES = [100, 1000, 5000];
const SERVICES_OF_A_NETWORK = 50;
const SECOND_MILLIS = 1000;

/** Seen at c2651d7, before any of this; not measured anew. The seconds were those of a busy machine, and of DynamoDB Local. */
const BEFORE: readonly (readonly string[])[] = [
  ['1,000 services with a task each', '4,202 requests'],
  ['5,000 services with a task each', '4 min 18 s'],
];

function snapshotOf(services: number): string {
  const networks = Math.ceil(services / SERVICES_OF_A_NETWORK);
  const each = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));
  return JSON.stringify({
    networks: each(networks, (n) => ({ id: `n-${n}` })),
    services: each(services, (n) => ({ id: `s-${n}`, spec: { networks: [{ target: `n-${n % networks}` }] } })),
    tasks: each(services, (n) => ({ serviceId: `s-${n}`, id: '1' })),
  });
}

export async function importsSection(sizes: readonly number[], progress: Progress): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'imports-'));
  const rows: string[][] = [];
  try {
    for (const [done, services] of sizes.entries()) {
      const file = join(folder, `${services}.json`);
      writeFileSync(file, snapshotOf(services));
      const startedAt = process.hrtime.bigint();
      const { status, stderr, requests } = await measureOperator(worldOf(0, { isEmpty: true }), ['import', file]);
      const millis = Number(process.hrtime.bigint() - startedAt) / 1e6;
      if (status !== 0) throw new Error(`an import of ${services} services ended with ${status}: ${stderr}`);
      rows.push([figure(services), figure(requests), figure(requests / services), (millis / SECOND_MILLIS).toFixed(1)]);
      progress((done + 1) / sizes.length);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return {
    title: 'Imports',
    about: ABOUT,
    tables: [
      { title: 'Now', head: ['services', 'requests', 'requests a service', 's'], rows },
      { title: 'Before', head: ['', 'seen'], rows: BEFORE },
    ],
    pictures: [],
  };
}
