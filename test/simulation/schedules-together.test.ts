/** Schedules in which many parents are asked for in the same requests, parts of which fail by themselves. */
import { promisesAreKept } from './promises.ts';

const PROMISES = 'S1 to S7, L1, L3, L4';
const TOGETHER = {
  deletions: 3500,
  'unprocessed parts': 2900,
  'statements together': 250,
  'statements that fail alone': 40,
  'counts together': 970,
  'counts cut short': 310,
  'deletions together': 360,
};

promisesAreKept('together', PROMISES, { ...TOGETHER, recounts: 1000, decrements: 800, duplicates: 2000 });
promisesAreKept('together on a hostile network', 'S1 to S7, L1, L2, L4', {
  ...TOGETHER,
  sweeps: 800,
  'answers lost': 1800,
  'late requests': 690,
  'conflicts in transactions': 690,
  'crashes after a commit': 110,
});
promisesAreKept('together with task networks', PROMISES, { ...TOGETHER, heals: 1300, 'answers lost': 1800 });
