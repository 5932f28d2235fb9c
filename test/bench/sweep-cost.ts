/** What a sweep reads where much exists and little is marked, beside a look at everything. */
import { ours } from './contenders/ours.ts';
import { Stage } from './stage.ts';
import type { Usage } from './usage.ts';

export interface SweepCost {
  readonly unmarked: number;
  readonly marked: number;
  readonly sweep: Usage;
  /** With `{"full": true}`: the tables are read whole, as any look for marks without an index would have to. */
  readonly fullSweep: Usage;
}

/** As large as a small real spec. One for all, so that a million fit in memory. */
const SPEC = { M: { annotations: { M: { note: { S: 'x'.repeat(500) } } } } };

/** Half of them services, half networks. The marked ones are protected, so that both sweeps find the same. */
export async function measureSweep(unmarked: number, marked: number): Promise<SweepCost> {
  const stage = new Stage(ours);
  for (let n = 0; n < unmarked + marked; n++) {
    const id = { S: `object-${n}` };
    const markedAt = { S: `2026-01-01T00:00:00.000Z#${n}` };
    const mark = n < marked && { pendingDelete: { BOOL: true }, protected: { BOOL: true }, markedAt };
    stage.write(n % 2 === 0 ? 'services' : 'networks', { id }, { id, spec: SPEC, ...mark });
    // A million records would only be thrown away.
    if (n % 10_000 === 0) stage.forgetRecords();
  }
  stage.forgetRecords();
  // The first opens counters; what is compared is what comes back every quarter of an hour.
  await stage.sweep({ restart: true });
  stage.takeUsage();
  await stage.sweep({ restart: true });
  const sweep = stage.takeUsage();
  await stage.sweep({ restart: true, full: true });
  return { unmarked, marked, sweep, fullSweep: stage.takeUsage() };
}
