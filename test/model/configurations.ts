/**
 * The worlds that the model explores to their end. What isn't bounded here is unlimited: marks, undeletes, lives of an id,
 * duplicates, crashes, lost answers, sweeps. The bounds, and why each is enough to be worth its states:
 *
 * - tasks, services, networks: two of a kind are all that a rule can tell apart ("none", "one", "another");
 * - handlers: a counterexample known so far needs three; the proof in words is for any number;
 * - `undeliveredMax`: removals of one parent that are on their way; later ones wait with their writer;
 * - `remainingMin`: how far a counter may be lowered, under those mutants for which it can't be kept at zero (canonical.ts);
 *   the protocol's own counters have no such bound;
 * - heal's removals: two of one network on their way, since raw writes can make it remove without end.
 *
 * Where a configuration bounds more, it says so and why.
 */
import type { Configuration } from './model.ts';

/** Everything is off, or at its least. */
const QUIET = {
  services: 1,
  networks: 0,
  tasks: 1,
  handlers: 2,
  undeletes: true,
  reuse: true,
  updates: false,
  rawMarks: false,
  rawServices: false,
  anyTask: false,
  undeliveredMax: 2,
  batchMax: 1,
  duplicates: false,
  crashes: false,
  drops: false,
  sweeps: false,
  heals: false,
  lostAnswers: false,
  itemByItem: false,
  remainingMin: -2,
  deployments: [],
  under: [],
  restricts: false,
  grace: false,
  leaves: 0,
  leafDeletes: false,
  overwrites: false,
  freedMax: 32,
} as const satisfies Omit<Configuration, 'name' | 'about'>;

const ALL_FAULTS = { duplicates: true, crashes: true, lostAnswers: true } as const;

export function configuration(name: string, about: string, difference: Partial<Configuration>): Configuration {
  return { ...QUIET, ...difference, name, about };
}

/** A service refers to a network since before anybody declared that it does. Then this is deployed, and learned. */
export const LEARNING = {
  networks: 1,
  tasks: 0,
  leaves: 1,
  heals: true,
  reuse: false,
  undeliveredMax: 1,
  deployments: [0, 1],
} as const satisfies Partial<Configuration>;
/** Marks are final, since raw writes come and go without end. */
export const LEARNING_RAW = { ...LEARNING, rawServices: true, undeletes: false } as const;
export const LEARNING_TWICE = { ...LEARNING, services: 2, leaves: 2, deployments: [0, 1, 2] } as const;
export const LEARNING_AGAIN = { ...LEARNING, updates: true, undeletes: false, deployments: [1, 0, 1] } as const;
/** One service is marked, and the network goes with it unless the other one keeps it. Nothing is written rawly. */
export const LEARNING_ALONG = {
  ...LEARNING,
  services: 2,
  heals: false,
  undeletes: false,
  deployments: [1, 2],
} as const;

/** A network and a secret, say: a service uses one thing of each kind, and one transaction has room for one of them. */
export const TWO_KINDS = {
  networks: 2,
  tasks: 0,
  reuse: false,
  undeliveredMax: 1,
  freedMax: 1,
} as const satisfies Partial<Configuration>;
/** A child that is a parent, by keys: a service under a service under a service. */
export const LEVELS = {
  services: 3,
  tasks: 0,
  under: [[], [0], [1]],
  reuse: false,
  undeliveredMax: 1,
} as const satisfies Partial<Configuration>;
/** A leaf that is deleted plainly, and whose two parents are in attributes of it. */
export const TWO_PARENTS = {
  networks: 2,
  tasks: 0,
  leaves: 1,
  leafDeletes: true,
  heals: true,
  undeletes: false,
  undeliveredMax: 1,
} as const satisfies Partial<Configuration>;
export const RESTRICT = {
  services: 2,
  tasks: 0,
  under: [[], [0]],
  restricts: true,
  undeliveredMax: 1,
} as const satisfies Partial<Configuration>;
export const RESTRICT_BY_VALUE = {
  networks: 1,
  tasks: 0,
  leaves: 1,
  heals: true,
  updates: true,
  restricts: true,
  undeliveredMax: 1,
} as const satisfies Partial<Configuration>;

/**
 * Services written without their attachments, and any record of it lost. One function at a time, which is the sweep's or another's:
 * two are sixty million states. Marks are final, and a network that is gone stays so: raw writes come and go under both.
 */
export const HEALING_LOST = {
  networks: 1,
  tasks: 0,
  handlers: 1,
  heals: true,
  rawServices: true,
  drops: true,
  sweeps: true,
  undeletes: false,
  reuse: false,
  undeliveredMax: 1,
} as const satisfies Partial<Configuration>;

/** Explored in each CI run: three minutes of a free core. */
export const CONFIGURATIONS: readonly Configuration[] = [
  configuration('two handlers', 'one service, one task, every fault', ALL_FAULTS),
  configuration('two tasks', 'one service, two tasks, every fault', { ...ALL_FAULTS, tasks: 2 }),
  configuration('batches of two', 'two removals counted at once', { tasks: 2, batchMax: 2 }),
  configuration('three handlers', 'one service, no fault', { handlers: 3, undeliveredMax: 1 }),
  configuration('item by item', 'children read one by one, others writing in between', {
    tasks: 2,
    anyTask: true,
    itemByItem: true,
    reuse: false,
  }),
  configuration('lost records', 'any record dropped, then one sweep, handlers running', { drops: true, sweeps: true }),
  configuration('dying sweeps', 'sweeps at any time, which die', { sweeps: true, crashes: true, undeliveredMax: 1 }),
  configuration('raw marks', 'marks without a time, undeletes that leave it', {
    rawMarks: true,
    reuse: false,
    undeliveredMax: 1,
  }),
  configuration('own network, no fault', 'a service and its network', { networks: 1, tasks: 0 }),
  // One life of each id, since lives multiply with faults; "own network, no fault" has many.
  configuration('own network', 'a service and its network, crashes and duplicates', {
    crashes: true,
    duplicates: true,
    networks: 1,
    tasks: 0,
    reuse: false,
    undeliveredMax: 1,
  }),
  // Marks are final here: what an undelete can do to a freed network, "own network" shows. Ids are used again.
  configuration('shared network', 'two services that use one network and end together', {
    services: 2,
    networks: 1,
    tasks: 0,
    undeletes: false,
    undeliveredMax: 1,
  }),
  // Marks are final here too, and a network that is gone stays so: raw writes come and go under both, without end.
  configuration('healing', 'services written and deleted without their attachments', {
    networks: 1,
    tasks: 0,
    heals: true,
    rawServices: true,
    undeletes: false,
    reuse: false,
    undeliveredMax: 1,
  }),
  configuration('healing, lost records', 'the same, any record dropped, then one sweep', HEALING_LOST),
  configuration('learning', 'references that were there before they were declared; dying sweeps', {
    ...LEARNING,
    crashes: true,
  }),
  configuration('learning twice', 'a second deployment while the first is being learned', LEARNING_TWICE),
  configuration('learning again', 'a dependency that is taken out, and brought again', LEARNING_AGAIN),
  configuration('learning, what goes along', 'a marked service whose network is being learned', LEARNING_ALONG),
  configuration('learning, repeats', 'records that come again at any time, marks being final', {
    ...LEARNING,
    duplicates: true,
    undeletes: false,
  }),
  configuration('learning in many lives', 'services and networks that are created meanwhile', {
    ...LEARNING,
    updates: true,
    reuse: true,
    undeletes: false,
  }),
  configuration('learning with updates', 'references that change meanwhile, dying sweeps', {
    ...LEARNING,
    updates: true,
    undeletes: false,
    crashes: true,
  }),
  configuration('learning with raw writes', 'services written without their attachments meanwhile', LEARNING_RAW),
  configuration('learning with raw writes and grace', 'the same where a mark waits for what was written before it', {
    ...LEARNING_RAW,
    grace: true,
  }),
  configuration('learning twice, dying sweeps', 'a second deployment while the first is being learned', {
    ...LEARNING_TWICE,
    crashes: true,
    undeletes: false,
  }),
  configuration('overwritten counters', 'raw writes that no request gets past, and resets; crashes', {
    overwrites: true,
    crashes: true,
    undeliveredMax: 1,
  }),
  configuration('two kinds, little room', 'a service that frees a thing of each of two kinds, one at a time', {
    ...TWO_KINDS,
    undeletes: false,
  }),
  configuration('two kinds, shared', 'two services that end together, and share a thing of each of two kinds', {
    ...TWO_KINDS,
    services: 2,
    undeletes: false,
  }),
  configuration('three levels', 'a child that is a parent, undeleted in the middle', LEVELS),
  configuration('a tree of one kind', 'two under one, in many lives, marks being final', {
    ...LEVELS,
    under: [[], [0], [0]],
    undeletes: false,
    reuse: true,
  }),
  configuration('two parents in attributes', 'a leaf that is deleted plainly', { ...TWO_PARENTS, reuse: false }),
  // One handler at a time: two of them here are two million states and more.
  configuration('two parents in attributes, lost records', 'a leaf whose heals are lost, each by itself', {
    ...TWO_PARENTS,
    handlers: 1,
    reuse: false,
    drops: true,
    sweeps: true,
  }),
  configuration('refused while in use', 'removals that look first, beside creations', RESTRICT),
  configuration('refused while in use, by value', 'the same where attachments tell the users', RESTRICT_BY_VALUE),
];

/** Explored on demand: hours, and the memory of a larger machine. */
export const LARGE_CONFIGURATIONS: readonly Configuration[] = [
  configuration('own network, every fault', 'a service and its network, lives of their ids without end', {
    ...ALL_FAULTS,
    networks: 1,
    tasks: 0,
    undeliveredMax: 1,
  }),
  configuration('own network with a task', 'a service, its task and its network', {
    networks: 1,
    tasks: 1,
    undeliveredMax: 1,
    undeletes: false,
  }),
  configuration('shared network with updates', 'two services that use one network, and change their lists', {
    services: 2,
    networks: 1,
    tasks: 0,
    undeliveredMax: 1,
    undeletes: false,
    updates: true,
  }),
  configuration('two networks', 'a service and two networks', {
    networks: 2,
    tasks: 0,
    undeliveredMax: 1,
    undeletes: false,
  }),
  configuration('healing with undeletes', 'services written and deleted without their attachments', {
    networks: 1,
    tasks: 0,
    heals: true,
    rawServices: true,
    undeliveredMax: 1,
  }),
  configuration('three handlers, every fault', 'one service, one task', {
    ...ALL_FAULTS,
    handlers: 3,
    undeliveredMax: 1,
  }),
  configuration('three handlers, two removals late', 'one service, one task', { handlers: 3 }),
  configuration('three tasks', 'one service, batches of two, every fault', {
    ...ALL_FAULTS,
    tasks: 3,
    batchMax: 2,
  }),
  configuration('lost records, two tasks', 'batches of two, dying sweeps', {
    drops: true,
    sweeps: true,
    crashes: true,
    tasks: 2,
    batchMax: 2,
  }),
  configuration('item by item, batches of two', 'crashes, and id reuse', {
    tasks: 2,
    batchMax: 2,
    anyTask: true,
    itemByItem: true,
    crashes: true,
  }),
  configuration('raw marks, every fault', 'marks without a time, undeletes that leave it', {
    ...ALL_FAULTS,
    rawMarks: true,
  }),
  configuration('shared network with undeletes', 'two services that use one network', {
    services: 2,
    networks: 1,
    tasks: 0,
    undeliveredMax: 1,
  }),
  configuration('two networks with undeletes', 'a service and two networks', {
    networks: 2,
    tasks: 0,
    undeliveredMax: 1,
  }),
  configuration('healing and sweeps', 'raw services, lost records, lives of their ids without end', {
    ...HEALING_LOST,
    undeletes: true,
    reuse: true,
  }),
  configuration('healing and sweeps, two handlers', 'raw services, lost records', { ...HEALING_LOST, handlers: 2 }),
];
