/** Schedules with lost records, or records that failed too often: one sweep must do in the end (L2). */
import { promisesAreKept } from './promises.ts';

const PROMISES = 'S1 to S7, L2, L4';

promisesAreKept('denied', 'S1 to S7, L1, L2, L4', { deletions: 800, denials: 700, duplicates: 400 });
promisesAreKept('lossy', PROMISES, { deletions: 700, recounts: 400, drops: 400, 'expired streams': 40, sweeps: 400 });
promisesAreKept('raw', 'S1 to S7, L1, L2, L4', { deletions: 600, heals: 80, stamps: 50, sweeps: 200, excused: 20 });
promisesAreKept('grace period', PROMISES, {
  deletions: 500,
  holds: 750,
  sweeps: 800,
  drops: 400,
  'tasks stopped': 120,
  'clock jumps': 950,
});
promisesAreKept('everything', PROMISES, {
  deletions: 500,
  'dead letters': 50,
  'clock jumps': 160,
  'answers lost': 300,
  'late requests': 300,
  drops: 400,
  heals: 70,
  stamps: 50,
  timeouts: 150,
});
promisesAreKept('crowded with losses', PROMISES, {
  deletions: 2100,
  recounts: 1500,
  yields: 110,
  drops: 1000,
  duplicates: 1900,
  sweeps: 1000,
});
promisesAreKept('crowded on a hostile network', 'S1 to S7, L1, L2, L4', {
  deletions: 2200,
  recounts: 900,
  'answers lost': 1200,
  'late requests': 500,
  denials: 400,
  'unprocessed parts': 300,
  'reads of the past': 4300,
});
promisesAreKept('learning', 'S1 to S7, L1, L2, L4', {
  deletions: 650,
  heals: 200,
  sweeps: 550,
  holds: 400,
});
promisesAreKept('learning task networks, lossy', PROMISES, {
  deletions: 800,
  heals: 300,
  sweeps: 550,
  holds: 400,
  drops: 450,
});
promisesAreKept('task networks, lossy', PROMISES, {
  deletions: 600,
  heals: 500,
  sweeps: 400,
  drops: 500,
  excused: 80,
});
