/** Several kinds, depth and restrict, with one rule taken away: docs/design.md §4.5. */
import { configuration, LEARNING, LEVELS, RESTRICT, TWO_KINDS, TWO_PARENTS } from './configurations.ts';
import type { Configuration } from './model.ts';
import type { Mutant } from './mutant.ts';

type Difference = Partial<Configuration>;
const twoKinds = (difference: Difference = {}) =>
  configuration('two kinds', 'a service and a thing of each of two kinds', { ...TWO_KINDS, ...difference });
const twoParents = () =>
  configuration('two parents', 'a leaf with two parents in attributes', { ...TWO_PARENTS, reuse: false });
const levels = (difference: Difference) =>
  configuration('levels', 'services under services', { ...LEVELS, ...difference });
const restrict = () => configuration('restrict', 'a service under a service', RESTRICT);

export const KINDS_MUTANTS: readonly Mutant[] = [
  {
    name: 'what had no room is never woken',
    without: 'the records of the attachments of what had no room',
    source: 'docs/design.md §4.5 R72',
    rules: { keptAreWoken: false },
    world: twoKinds(),
    breaks: 'S7',
  },
  {
    name: 'freed things of the second kind without a condition',
    without: 'the marks of all kinds in the transaction',
    source: 'docs/design.md §4.5 R73',
    rules: { freedAreCompared: 'one kind' },
    world: twoKinds({ freedMax: 2 }),
    breaks: 'S3',
  },
  {
    name: 'attachments of one kind deleted',
    without: 'the attachments of all kinds in the transaction',
    source: 'docs/design.md §4.5 R74',
    rules: { detachedAre: 'one kind' },
    world: twoKinds(),
    breaks: 'S4',
  },
  {
    name: 'one removal counts down one parent',
    without: 'the removal at each parent',
    source: 'docs/design.md §4.5 R75',
    rules: { removalCountsDown: 'one parent' },
    world: twoParents(),
    breaks: 'S7',
  },
  {
    name: 'a child comes under a marked parent in a tree',
    without: 'the mark in the fence of a child that is a parent',
    source: 'docs/design.md §4.5 R76',
    rules: { taskFence: 'exists' },
    world: levels({ services: 2, under: [[], [0]], reuse: true }),
    breaks: 'S1',
  },
  {
    name: 'a ring of items',
    without: 'an order of items, which keys give and attributes do not',
    source: 'docs/design.md §4.5 R77',
    rules: {},
    world: levels({ services: 2, under: [[1], [0]] }),
    worldWithout: levels({ services: 2, under: [[], [0]] }),
    breaks: 'L1',
  },
  {
    name: 'a restricted removal deletes',
    without: 'the mark of a restricted removal',
    source: 'docs/design.md §4.5 R78',
    rules: { restrictActs: 'deletes' },
    world: restrict(),
    breaks: 'S1',
  },
  {
    name: 'a restricted removal looks at an index',
    without: 'the consistent look before the mark',
    source: 'docs/design.md §4.5 R79',
    rules: { restrictLooks: 'at an index' },
    world: restrict(),
    breaks: 'restrict',
  },
  {
    name: 'a restricted removal marks, looks and takes back',
    without: 'the look before the mark',
    source: 'docs/design.md §4.5 R80',
    rules: { restrictActs: 'marks and looks' },
    world: restrict(),
    breaks: 'L1',
  },
  {
    name: 'a restricted removal trusts what is being learned',
    without: 'the refusal while users are being counted',
    source: 'docs/design.md §4.5 R81',
    rules: { restrictWhileLearning: 'accepted' },
    world: configuration('learning', 'removals that look first', { ...LEARNING, restricts: true }),
    breaks: 'restrict',
  },
];
