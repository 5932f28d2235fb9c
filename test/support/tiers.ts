/**
 * How much each tier of the tests does. `npm run test:quick` runs the files that need no engine, whole. `npm test` adds the main
 * tier: every other file, some of them with smaller amounts, but those that are left out below. `npm run test:all` adds the
 * rest: what `npm test` left out, and what it did by halves, in full.
 */

export type Tier = 'main' | 'rest';

/** Files that need neither bundles nor a template nor an engine: each answers in a second or two. */
export const QUICK: readonly string[] = [
  'test/unit/**/*.test.ts',
  'test/house/**/*.test.ts',
  'test/peers/{counters,swarmkit}.test.ts',
  'test/contract/memory.test.ts',
  'test/scenario/{crashes,options,task-networks}.test.ts',
  'test/simulation/watch.test.ts',
  'test/kit/*.test.ts',
  'test/torture/checkers.test.ts',
  'test/local/{batch-result,capacity,filter-pattern,iam-requests,queues,template}.test.ts',
];

/** Files that only `npm run test:all` runs, and what `npm test` has instead. */
export const LEFT_TO_REST: Readonly<Record<string, string>> = {
  'test/torture/stories.test.ts':
    'six minutes of faults on a real engine; the simulation tells the same stories in memory',
  'test/torture/interruptions.test.ts': 'processes that are killed and frozen; scenario/crashes kills at each request',
  'test/drills/failures.test.ts':
    "the runbook's failures; infra/observability has the alarms, integration the commands",
  'test/drills/tables.test.ts': 'tables that are lost and restored; integration/repair has the repair',
  'test/drills/broken-deployments.test.ts':
    'fourteen broken deployments under the selftest; integration/selftest has the one that is right',
  'test/drills/selftest-runs.test.ts':
    'runs of the selftest that are interrupted, dead, or two at once; integration/selftest has one',
  'test/drills/outliving-tables.test.ts': 'tables that outlive their stack; infra/guards compares the policies',
  'test/infra/adoption.test.ts': 'projects from the registry, at both ends of each range and on each Node.js',
  'test/infra/package.test.ts': 'builds, packs and installs the package; the sources that it packs are tested',
  'test/infra/all-props.test.ts':
    'each prop by itself and in seven surroundings; infra/props and surroundings have those that differ',
  'test/infra/packs.test.ts': 'six rule packs over two deployments; infra/checks runs AwsSolutions over three',
  'test/infra/cfn-lint.test.ts': "a linter that has to be installed by hand; infra/checks runs the CDK's own rules",
  'test/bench/operators.test.ts': 'processes that read a million objects; unit/operator-requests has the counts',
  'test/bench/run.test.ts': 'the whole bench in small; bench/budgets and bench/figures have its counts',
};

interface Amount {
  /** What is counted, as the end of a run says it. */
  readonly of: string;
  readonly main: number;
  readonly rest: number;
  readonly files: readonly string[];
  /** Why so few are enough for `npm test`. */
  readonly why: string;
}

const SIMULATION = [
  'test/simulation/schedules-without-loss.test.ts',
  'test/simulation/schedules-with-sweeps.test.ts',
  'test/simulation/schedules-of-own-kinds.test.ts',
];

export const AMOUNTS = {
  schedules: {
    of: 'schedules of each simulated profile',
    main: 150,
    rest: 800,
    files: SIMULATION,
    why: 'most mistakes are caught within a hundred',
  },
  'crowded schedules': {
    of: 'schedules of each crowded profile',
    main: 400,
    rest: 3_000,
    files: SIMULATION,
    why: 'they are shorter, and find more in less time',
  },
  'retold schedules': {
    of: 'schedules of each profile told twice',
    main: 4,
    rest: 20,
    files: ['test/simulation/determinism.test.ts'],
    why: 'whatever is not repeatable shows in the first',
  },
  'schedules with a mistake': {
    of: 'schedules at most until a mistake in the product is seen',
    main: 1_500,
    rest: 20_000,
    files: ['test/simulation/mutants.test.ts'],
    why: 'those that take more are left out below',
  },
  'schedules on a store': {
    of: 'schedules of the handlers alone',
    main: 150,
    rest: 600,
    files: ['test/scenario/schedules.test.ts'],
    why: 'the simulation tells more of them',
  },
  'runs that the model follows': {
    of: 'runs of the handlers that the model follows, in each of its worlds',
    main: 150,
    rest: 800,
    files: ['test/model/conformance.test.ts'],
    why: 'a step that the model does not allow is in every run that takes it',
  },
  'states without a mutation': {
    of: "states of the world of each of the model's mutants, without its mutation",
    main: 100_000,
    rest: 3_000_000,
    files: ['test/model/mutants.test.ts'],
    why: 'a world that breaks a promise by itself does so soon, as its mutant does',
  },
  'hostile arguments': {
    of: 'rows of hostile arguments for each method of the client',
    main: 10,
    rest: 25,
    files: ['test/hostile/client.test.ts'],
    why: 'each method refuses by the same checks',
  },
  'hostile records': {
    of: 'hostile records for each stream, in memory',
    main: 30,
    rest: 100,
    files: ['test/hostile/records.test.ts'],
    why: 'a record is read in one place; the odd ones that are known are tried one by one',
  },
  'hostile records on the engine': {
    of: 'hostile records for each stream, on the engine',
    main: 1,
    rest: 4,
    files: ['test/hostile/records.test.ts'],
    why: 'they are to show that the memory engine answers as the real one does',
  },
  'hostile worlds': {
    of: 'worlds of hostile items on the local cloud',
    main: 1,
    rest: 2,
    files: ['test/hostile/cloud.test.ts'],
    why: 'one world has forty items of all kinds',
  },
} as const satisfies Record<string, Amount>;

export type AmountName = keyof typeof AMOUNTS;

interface LeftOut {
  /** What they are, as the end of a run says it. */
  readonly of: string;
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly why: string;
}

/** What `npm test` leaves to the rest in the files that it runs. */
export const LEFT_OUT = {
  mistakes: {
    of: 'mistakes that the simulation must see',
    names: [
      'network read after its attachments',
      'returns after a failed recount',
      'leaves a counter of another epoch',
      'a counter is opened under the first epoch again',
      'counts one page of tasks, most of which have ended',
      'closes whatever counter is there',
      'stops tasks whatever has become of the mark',
      'a task ends unnoticed while it is attached',
    ],
    files: ['test/simulation/mutants.test.ts'],
    why: 'each takes a thousand schedules or more, as long as all others together',
  },
  worlds: {
    of: "worlds of the model's",
    names: [
      'two tasks',
      'dying sweeps',
      'own network',
      'shared network',
      'learning with updates',
      'learning in many lives',
      'learning with raw writes',
      'learning with raw writes and grace',
      'two parents in attributes, lost records',
      'two kinds, shared',
      'three levels',
      'overwritten counters',
      'a tree of one kind',
    ],
    files: ['test/model/protocol.test.ts'],
    why: 'half a million states and more; each fault of theirs is in a smaller world too',
  },
  mutants: {
    of: "mutants of the model's",
    names: [
      'failed recount returns at any counter',
      'freed network without the time of its mark',
      'sweep that yields',
      'sweep that does not heal',
    ],
    files: ['test/model/mutants.test.ts'],
    why: 'hundreds of thousands of states each; the others take thousands',
  },
  demonstrations: {
    of: 'demonstrations of `npm start`',
    names: ['a snapshot and a stack of ours', 'an interruption', 'the next steps'],
    files: ['test/integration/start.test.ts'],
    why: 'they go the same way as the one that is shown',
  },
} as const satisfies Record<string, LeftOut>;

/** Files that `npm test` does not do in full. */
export const THINNED: readonly string[] = [
  ...new Set([...Object.values(AMOUNTS), ...Object.values(LEFT_OUT)].flatMap(({ files }) => files)),
];
