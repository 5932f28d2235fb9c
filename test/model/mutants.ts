/**
 * The protocol with one rule taken away: each must break the promise that it names, in the world that it names. One that
 * survives says that the rule is not needed, or that the model can't see why it is.
 */
import type { Promised } from '../../lib/protocol/invariants.ts';
import { configuration } from './configurations.ts';
import type { Configuration } from './model.ts';
import type { Rules } from './rules.ts';

export interface Mutant {
  readonly name: string;
  /** What the protocol has and this one hasn't. */
  readonly without: string;
  /** The rule that it leaves out: a row of docs/design.md §4.3. */
  readonly source: string;
  readonly rules: Partial<Rules>;
  readonly world: Configuration;
  readonly breaks: Promised;
}

const one = (difference: Partial<Configuration> = {}) =>
  configuration('one service', 'a service and its task', difference);
const TWO_TASKS = { tasks: 2, batchMax: 2 } as const;
const sharedNetwork = (difference: Partial<Configuration> = {}) =>
  configuration('shared network', 'two services, one network', {
    services: 2,
    networks: 1,
    tasks: 0,
    updates: true,
    ...difference,
  });
const ownNetwork = (difference: Partial<Configuration> = {}) =>
  configuration('own network', 'a service and its network', { networks: 1, tasks: 0, ...difference });

export const MUTANTS: readonly Mutant[] = [
  // Fresh values
  {
    name: 'epochs counted from 0',
    without: 'a fresh epoch at each creation and recount',
    source: 'docs/design.md §4.3 R1',
    rules: { epoch: 'counted' },
    world: one(),
    breaks: 'S7',
  },
  {
    name: 'original protocol',
    without: 'fresh epochs, and the repeat after a failed recount',
    source: 'docs/design.md §4.3 R1, R11, R17',
    rules: { epoch: 'counted', afterFailedRecount: 'return', afterFailedClose: 'return' },
    world: one(),
    breaks: 'S4',
  },
  {
    name: 'epoch kept by a recount',
    without: 'a fresh epoch at each recount',
    source: 'docs/design.md §4.3 R2',
    rules: { epoch: 'kept' },
    world: one(),
    breaks: 'S7',
  },
  {
    name: 'creation sent again under its old epoch',
    without: 'the token of the creation of a counter',
    source: 'docs/design.md §4.3 R3',
    rules: { creation: 'again' },
    world: one({ handlers: 3, lostAnswers: true, undeliveredMax: 1 }),
    breaks: 'S7',
  },
  {
    name: 'mark sent again without a token',
    without: 'the token of a mark',
    source: 'docs/design.md §4.3 R4',
    rules: { mark: 'again' },
    world: one(),
    breaks: 'S1',
  },
  {
    name: 'undelete sent again without a token',
    without: 'the token of an undelete',
    source: 'docs/design.md §4.3 R5',
    rules: { unmark: 'again' },
    world: one(),
    breaks: 'L1',
  },
  {
    name: 'stamp sent again without a token',
    without: 'the token of a stamp',
    source: 'docs/design.md §4.3 R6',
    rules: { stamp: 'again' },
    world: one({ rawMarks: true, lostAnswers: true }),
    breaks: 'S1',
  },
  // Step 1
  {
    name: 'counter read eventually',
    without: 'the consistent read of step 1',
    source: 'docs/design.md §4.3 R7',
    rules: { openReads: 'eventually' },
    world: one(),
    breaks: 'L1',
  },
  {
    name: 'opened after counting',
    without: 'step 1 before steps 2 and 3',
    source: 'docs/design.md §4.3 R8',
    rules: { order: 'parent count open' },
    world: one(TWO_TASKS),
    breaks: 'S7',
  },
  // Step 2
  {
    name: 'counted before the parent is read',
    without: 'step 2 before step 3',
    source: 'docs/design.md §4.3 R9',
    rules: { order: 'open count parent' },
    world: one(),
    breaks: 'S1',
  },
  {
    name: 'close returns though another counter is there',
    without: 'the repeat after a failed close',
    source: 'docs/design.md §4.3 R11',
    rules: { afterFailedClose: 'return' },
    world: one(),
    breaks: 'S4',
  },
  {
    name: 'close of any epoch',
    without: 'the epoch in the close of a counter',
    source: 'docs/design.md §4.3 R10',
    rules: { closeComparesEpoch: false },
    world: one(),
    breaks: 'L1',
  },
  {
    name: 'cleared mark wakes nobody',
    without: 'settle at a cleared mark',
    source: 'docs/design.md §4.3 R12',
    rules: { clearedMarkWakes: false },
    world: one(),
    breaks: 'S4',
  },
  {
    name: 'cleared mark looks eventually',
    without: 'the consistent look for a counter',
    source: 'docs/design.md §4.3 R13',
    rules: { clearedMarkLooks: 'eventually' },
    world: one(),
    breaks: 'S4',
  },
  // Step 3
  {
    name: 'a failed count is none',
    without: 'no proof, no delete',
    source: 'docs/design.md §4.3 R14',
    rules: { countFailure: 'take it for none' },
    world: one(),
    breaks: 'S1',
  },
  // Step 4
  {
    name: 'absolute recount',
    without: 'the relative recount',
    source: 'docs/design.md §4.3 R15',
    rules: { recountAdds: 'absolute' },
    world: one({ tasks: 2, handlers: 2 }),
    breaks: 'S7',
  },
  {
    name: 'recount under any epoch',
    without: 'the epoch in the recount',
    source: 'docs/design.md §4.3 R16',
    rules: { recountComparesEpoch: false },
    world: one(),
    breaks: 'S7',
  },
  {
    name: 'failed recount always returns',
    without: 'the repeat after a failed recount',
    source: 'docs/design.md §4.3 R17',
    rules: { afterFailedRecount: 'return' },
    world: one(),
    breaks: 'L1',
  },
  {
    name: 'failed recount returns at any counter',
    without: 'remaining > 0 after a failed recount',
    source: 'docs/design.md §4.3 R18',
    rules: { afterFailedRecount: 'return if there' },
    world: one({ sweeps: true, crashes: true, undeliveredMax: 1, handlers: 3 }),
    breaks: 'L1',
  },
  // Step 5
  {
    name: 'mark without its time',
    without: 'markedAt in the transaction',
    source: 'docs/design.md §4.3 R19',
    rules: { finalizeCompares: 'mark' },
    world: one(),
    breaks: 'S1',
  },
  {
    name: 'deletion without a condition',
    without: 'the mark in the transaction',
    source: 'docs/design.md §4.3 R20',
    rules: { finalizeCompares: 'nothing' },
    world: one(),
    breaks: 'S3',
  },
  {
    name: 'cancelled deletion returns',
    without: 'the repeat after a cancelled transaction',
    source: 'docs/design.md §4.3 R21',
    rules: { afterCancelledFinalize: 'return' },
    world: ownNetwork(),
    breaks: 'L1',
  },
  {
    name: 'counter left by the deletion',
    without: 'the counter in the transaction',
    source: 'docs/design.md §4.3 R22',
    rules: { finalizeDeletesCounter: false, clearedMarkWakes: false },
    world: one(),
    breaks: 'S4',
  },
  {
    name: 'attachments left by the deletion',
    without: 'the attachments in the transaction',
    source: 'docs/design.md §4.3 R23',
    rules: { finalizeDetaches: false },
    world: ownNetwork(),
    breaks: 'S4',
  },
  {
    name: 'freed network without the time of its mark',
    without: 'markedAt of the networks in the transaction',
    source: 'docs/design.md §4.3 R24',
    rules: { freedCompares: 'mark' },
    world: sharedNetwork(),
    breaks: 'S2',
  },
  {
    name: 'attachments queried before the network is read',
    without: 'the network before its attachments',
    source: 'docs/design.md §4.3 R25',
    rules: { planReads: 'attachments first' },
    world: sharedNetwork(),
    breaks: 'S2',
  },
  {
    name: 'one attachment looked at',
    without: 'the second attachment',
    source: 'docs/design.md §4.3 R26',
    rules: { planListsMost: 1 },
    world: sharedNetwork(),
    breaks: 'S2',
  },
  {
    name: 'network added under a mark',
    without: 'no new network on a marked service, nor the lists in the transaction',
    source: 'docs/design.md §4.3 R27',
    rules: { updateOfMarked: 'allowed', finalizeComparesLists: false },
    world: ownNetwork({ updates: true }),
    breaks: 'S4',
  },
  // child-deleted
  {
    name: 'decrement creates a counter',
    without: 'only if there is a counter',
    source: 'docs/design.md §4.3 R28',
    rules: { decrementNeedsCounter: false },
    world: one(),
    breaks: 'S4',
  },
  {
    name: 'settle below zero only',
    without: 'settle at zero',
    source: 'docs/design.md §4.3 R29',
    rules: { settleWhen: 'negative' },
    world: one(),
    breaks: 'L1',
  },
  {
    name: 'settle only when zero is crossed',
    without: 'settle whenever it is not positive',
    source: 'docs/design.md §4.3 R30',
    rules: { settleWhen: 'crossing' },
    world: one({ crashes: true }),
    breaks: 'L1',
  },
  {
    name: 'the look for counters is eventual',
    without: 'the consistent findDraining',
    source: 'docs/design.md §4.3 R31',
    rules: { findDrainingReads: 'eventually' },
    world: one(),
    breaks: 'S7',
  },
  {
    name: 'counted record is done',
    without: 'the failure of a record whose settle failed',
    source: 'docs/design.md §4.3 R32',
    rules: { crashAfterDecrement: 'is done' },
    world: one({ crashes: true }),
    breaks: 'L1',
  },
  // sweep
  {
    name: 'sweep that yields',
    without: 'the patience of the sweep',
    source: 'docs/design.md §4.3 R33',
    rules: { sweepIsPatient: false },
    world: one({ tasks: 2, batchMax: 2, sweeps: true, drops: true }),
    breaks: 'S7',
  },
  {
    name: 'sweep without the marked',
    without: 'the listing of what is marked',
    source: 'docs/design.md §4.3 R34',
    rules: { sweepListsMarked: false },
    world: one({ sweeps: true, drops: true }),
    breaks: 'L2',
  },
  {
    name: 'sweep without the counters',
    without: 'the listing of counters',
    source: 'docs/design.md §4.3 R35',
    rules: { sweepListsCounters: false },
    world: one({ sweeps: true, drops: true }),
    breaks: 'S4',
  },
  // The fence
  {
    name: 'task under a mark',
    without: 'the mark in the fence of a task',
    source: 'docs/design.md §4.3 R36',
    rules: { taskFence: 'exists' },
    world: one(),
    breaks: 'S1',
  },
  {
    name: 'task without a service',
    without: 'the fence of a task',
    source: 'docs/design.md §4.3 R37',
    rules: { taskFence: 'none' },
    world: one(),
    breaks: 'S1',
  },
  {
    name: 'attachment under a mark',
    without: 'the mark in the fence of an attachment',
    source: 'docs/design.md §4.3 R38',
    rules: { attachmentFence: 'exists' },
    world: ownNetwork({ updates: true }),
    breaks: 'S2',
  },
  // Raw writes
  {
    name: 'heal of a service that has changed',
    without: 'the service as read in the healing',
    source: 'docs/design.md §4.3 R39',
    rules: { healCompares: false },
    world: ownNetwork({ heals: true, rawServices: true }),
    breaks: 'S2',
  },
  {
    name: 'sweep that does not heal',
    without: 'the look at the users of a marked network',
    source: 'docs/design.md §4.3 R40',
    rules: { sweepHeals: false },
    world: ownNetwork({ heals: true, rawServices: true, sweeps: true, drops: true }),
    breaks: 'S4',
  },
];
