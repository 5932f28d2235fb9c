/** Steps by the names that the code gives them: the `Store`'s methods, and the client's. */
export const STEP_NAMES = [
  'openCounter',
  'readParent',
  'stampMark',
  'unstampMark',
  'closeCounter',
  'countChildren',
  'recount',
  'listAttached',
  'finalize',
  'findDraining',
  'decrement',
  'readAttachments',
  'heal',
  'listMarked',
  'listCounters',
  'createService',
  'createNetwork',
  'createTask',
  'deleteTask',
  'updateService',
  'mark',
  'unmark',
  'markRaw',
  'unmarkRaw',
  'putServiceRaw',
  'deleteServiceRaw',
  'crash',
  'dropRecord',
  'startSweep',
  'deploy',
  'readLifecycle',
  'takeDeclaration',
  'readPage',
  'savePlace',
  'endLearning',
  'consume',
  'lookForUsers',
  'takeBack',
  'overwriteCounter',
  'resetUnreadable',
] as const;

export type StepName = (typeof STEP_NAMES)[number];

/** A step's number, as states' edges carry it. */
export const STEP = Object.fromEntries(STEP_NAMES.map((name, number) => [name, number])) as Readonly<
  Record<StepName, number>
>;

/** What a step's answer was, where one step can end in several ways. */
export const OUTCOME_NAMES = [
  'done',
  'failed',
  'gone',
  'other epoch',
  'committed',
  'cancelled',
  'answer lost',
  'for a record that comes again',
  'sent again after a lost answer',
  'refused',
] as const;

export type OutcomeName = (typeof OUTCOME_NAMES)[number];

export const OUTCOME = Object.fromEntries(OUTCOME_NAMES.map((name, number) => [name, number])) as Readonly<
  Record<OutcomeName, number>
>;
