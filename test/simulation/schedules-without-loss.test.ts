/** Schedules in which every record is delivered in the end: parents must go without any sweep (L1). */
import { promisesAreKept } from './promises.ts';

const PROMISES = 'S1 to S7, L1, L3, L4';

promisesAreKept('calm', PROMISES, { deletions: 900, 'networks freed': 90, recounts: 300, undeletes: 400 });
promisesAreKept('crashes', PROMISES, {
  deletions: 800,
  recounts: 500,
  yields: 20,
  'crashes before a request': 90,
  'crashes after a commit': 100,
  timeouts: 20,
  duplicates: 1000,
  reorders: 800,
  delays: 200,
});
promisesAreKept('hostile network', PROMISES, {
  deletions: 700,
  recounts: 300,
  'answers lost': 500,
  'late requests': 300,
  throttles: 400,
  conflicts: 70,
  'conflicts in transactions': 300,
  'server errors': 200,
  'unprocessed parts': 200,
  'reads of the past': 4200,
});
promisesAreKept('options', PROMISES, {
  deletions: 650,
  recounts: 450,
  holds: 150,
  'tasks stopped': 110,
  'answers lost': 180,
  duplicates: 900,
});
promisesAreKept('crowded with options', PROMISES, {
  deletions: 1700,
  recounts: 950,
  holds: 370,
  'tasks stopped': 280,
  duplicates: 1900,
});
promisesAreKept('crowded', PROMISES, {
  deletions: 2500,
  'networks freed': 200,
  recounts: 1000,
  decrements: 500,
  yields: 80,
  undeletes: 1000,
});
promisesAreKept('crowded with crashes', PROMISES, {
  deletions: 2100,
  'networks freed': 180,
  recounts: 1300,
  yields: 200,
  duplicates: 1900,
  reorders: 1200,
  'crashes before a request': 190,
  'crashes after a commit': 110,
});
promisesAreKept('crowded with raw writes', 'S1 to S7, L1, L4', {
  deletions: 2300,
  heals: 170,
  stamps: 190,
  excused: 70,
  yields: 190,
});
promisesAreKept('task networks', PROMISES, {
  deletions: 400,
  heals: 150,
  decrements: 250,
  'answers lost': 350,
});
promisesAreKept('crowded with task networks', PROMISES, {
  deletions: 2000,
  'networks freed': 100,
  heals: 300,
  decrements: 500,
});
