/** The protocol's load-bearing rules as switches. `PROTOCOL_RULES` is the protocol; each mutant turns one of them. */

export interface Rules {
  /** Step 1. `again`: the creation is a plain write, which is repeated under the same epoch after a lost answer. */
  readonly creation: 'token' | 'again';
  /** `counted`: 0 at each creation, one more at each recount. `kept`: a recount leaves it as it is. */
  readonly epoch: 'fresh' | 'counted' | 'kept';
  readonly openReads: 'consistently' | 'eventually';
  readonly order: 'open parent count' | 'open count parent' | 'parent count open';
  /** A mark that has just been read as cleared: the counter goes only if its epoch is the one that was opened. */
  readonly closeComparesEpoch: boolean;
  readonly afterFailedClose: 'repeat if there' | 'return';
  readonly countFailure: 'throw' | 'take it for none';
  readonly recountAdds: 'difference' | 'absolute';
  readonly recountComparesEpoch: boolean;
  /** The model finds no need of it: who lowered the counter meanwhile settles as well. It saves that one's round. */
  readonly afterRecount: 'return if positive' | 'return';
  readonly afterFailedRecount: 'return if positive' | 'return if there' | 'return';
  readonly sweepIsPatient: boolean;
  readonly sweepListsMarked: boolean;
  readonly sweepListsCounters: boolean;
  readonly sweepHeals: boolean;
  /** What the deleting transaction compares of the parent. */
  readonly finalizeCompares: 'mark and time' | 'mark' | 'nothing';
  readonly finalizeComparesLists: boolean;
  readonly freedCompares: 'mark and time' | 'mark';
  readonly finalizeDeletesCounter: boolean;
  readonly finalizeDetaches: boolean;
  readonly afterCancelledFinalize: 'repeat' | 'return';
  readonly planReads: 'network first' | 'attachments first';
  /** How many attachments the plan looks at. */
  readonly planListsMost: 2 | 1;
  readonly decrementNeedsCounter: boolean;
  readonly settleWhen: 'not positive' | 'negative' | 'crossing';
  readonly findDrainingReads: 'consistently' | 'eventually';
  readonly crashAfterDecrement: 'comes again' | 'is done';
  readonly clearedMarkWakes: boolean;
  readonly clearedMarkLooks: 'consistently' | 'eventually';
  readonly stamp: 'token' | 'again';
  /** The model finds no need of it either: a second stamp only makes the first one's readers begin anew. */
  readonly stampComparesTime: boolean;
  readonly mark: 'token' | 'again';
  readonly unmark: 'token' | 'again';
  readonly taskFence: 'exists and not marked' | 'exists' | 'none';
  readonly attachmentFence: 'exists and not marked' | 'exists';
  readonly updateOfMarked: 'refused' | 'allowed';
  readonly healCompares: boolean;
  // An overwritten counter
  /** `again`: a plain write, which is sent again after a lost answer. */
  readonly reset: 'token' | 'again';
  readonly resetEpoch: 'fresh' | 'former';
  /** The model finds no need of it: zero is never too high. A reset is to touch nothing but what nobody can read. */
  readonly resetCompares: boolean;
  /** The model finds no need of it: whoever failed at the counter comes again. It saves what waits for a record that is lost. */
  readonly resetSettles: boolean;
  // Learning: docs/design.md §4.4
  /** What a function takes a kind for, where the item `lifecycle` has another declaration than its own. */
  readonly unknownIs: 'learning' | 'learned';
  readonly learningReads: 'before the count' | 'after the count';
  readonly learningIsRead: 'by each invocation' | 'once';
  readonly learningKeeps: 'what goes along too' | 'the parent only';
  readonly pagesFrom: 'the table' | 'an index';
  readonly learningEnds: 'after the last page' | 'before the last page';
  readonly endWaits: boolean;
  /** The model finds no need of it: what two sweeps take is learned once more. It saves them that. */
  readonly takeCompares: boolean;
  readonly placeCompares: boolean;
  readonly endCompares: boolean;
  readonly takeForgetsPlace: boolean;
  readonly settlesMarked: 'after the end' | 'before the end';
  readonly functionsAreDeployed: 'before the sweep' | 'after the sweep';
  readonly streamIsReadFrom: 'its beginning' | 'some time later';
  readonly deploymentWaits: boolean;
  readonly graceOutlasts: 'the records' | 'nothing';
  // Several kinds, depth and restrict: docs/design.md §4.5
  readonly keptAreWoken: boolean;
  readonly freedAreCompared: 'all' | 'one kind';
  readonly detachedAre: 'all' | 'one kind';
  readonly removalCountsDown: 'each parent' | 'one parent';
  readonly restrictActs: 'marks' | 'deletes' | 'marks and looks';
  readonly restrictLooks: 'consistently' | 'at an index';
  readonly restrictWhileLearning: 'refused' | 'accepted';
}

export const PROTOCOL_RULES: Rules = {
  creation: 'token',
  epoch: 'fresh',
  openReads: 'consistently',
  order: 'open parent count',
  closeComparesEpoch: true,
  afterFailedClose: 'repeat if there',
  countFailure: 'throw',
  recountAdds: 'difference',
  recountComparesEpoch: true,
  afterRecount: 'return if positive',
  afterFailedRecount: 'return if positive',
  sweepIsPatient: true,
  sweepListsMarked: true,
  sweepListsCounters: true,
  sweepHeals: true,
  finalizeCompares: 'mark and time',
  finalizeComparesLists: true,
  freedCompares: 'mark and time',
  finalizeDeletesCounter: true,
  finalizeDetaches: true,
  afterCancelledFinalize: 'repeat',
  planReads: 'network first',
  planListsMost: 2,
  decrementNeedsCounter: true,
  settleWhen: 'not positive',
  findDrainingReads: 'consistently',
  crashAfterDecrement: 'comes again',
  clearedMarkWakes: true,
  clearedMarkLooks: 'consistently',
  stamp: 'token',
  stampComparesTime: true,
  mark: 'token',
  unmark: 'token',
  taskFence: 'exists and not marked',
  attachmentFence: 'exists and not marked',
  updateOfMarked: 'refused',
  healCompares: true,
  reset: 'token',
  resetEpoch: 'fresh',
  resetCompares: true,
  resetSettles: true,
  unknownIs: 'learning',
  learningReads: 'before the count',
  learningIsRead: 'by each invocation',
  learningKeeps: 'what goes along too',
  pagesFrom: 'the table',
  learningEnds: 'after the last page',
  endWaits: true,
  takeCompares: true,
  placeCompares: true,
  endCompares: true,
  takeForgetsPlace: true,
  settlesMarked: 'after the end',
  functionsAreDeployed: 'before the sweep',
  streamIsReadFrom: 'its beginning',
  deploymentWaits: true,
  graceOutlasts: 'the records',
  keptAreWoken: true,
  freedAreCompared: 'all',
  detachedAre: 'all',
  removalCountsDown: 'each parent',
  restrictActs: 'marks',
  restrictLooks: 'consistently',
  restrictWhileLearning: 'refused',
};
