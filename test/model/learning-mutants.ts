/** Learning with one rule taken away: docs/design.md §4.4. */
import {
  configuration,
  LEARNING,
  LEARNING_AGAIN,
  LEARNING_ALONG,
  LEARNING_RAW,
  LEARNING_TWICE,
} from './configurations.ts';
import type { Configuration } from './model.ts';
import type { Mutant } from './mutant.ts';

type Difference = Partial<Configuration>;
const learning = (difference: Difference = {}) =>
  configuration('learning', 'a service that refers to a network since before this was declared', {
    ...LEARNING,
    ...difference,
  });
const raw = () => configuration('learning, raw writes', 'as learning, with raw writers', LEARNING_RAW);
const twice = (difference: Difference = {}) =>
  configuration('learning twice', 'two services, declared one after the other', { ...LEARNING_TWICE, ...difference });
const again = () => configuration('learning again', 'a declaration that goes and comes again', LEARNING_AGAIN);
const goingAlong = () =>
  configuration('learning along', 'a marked service, and one whose reference is being learned', LEARNING_ALONG);

export const LEARNING_MUTANTS: readonly Mutant[] = [
  {
    name: 'an unknown declaration is learned',
    without: 'learning wherever the item knows another declaration',
    source: 'docs/design.md §4.4 R57',
    rules: { unknownIs: 'learned' },
    world: learning(),
    breaks: 'S2',
  },
  {
    name: 'learning is read after the count',
    without: 'the read of the item before anything is counted',
    source: 'docs/design.md §4.4 R58',
    rules: { learningReads: 'after the count' },
    world: learning({ handlers: 3 }),
    breaks: 'S2',
  },
  {
    name: 'learning is read once',
    without: 'the read by each invocation',
    source: 'docs/design.md §4.4 R59',
    rules: { learningIsRead: 'once' },
    world: learning({ updates: true }),
    breaks: 'L1',
  },
  {
    name: 'what is being learned goes along',
    without: 'the hold of what goes along with another',
    source: 'docs/design.md §4.4 R60',
    rules: { learningKeeps: 'the parent only' },
    world: goingAlong(),
    breaks: 'S2',
  },
  {
    name: 'the sweep is deployed first',
    without: 'the functions of the streams before the sweep',
    source: 'docs/design.md §4.4 R61',
    rules: { functionsAreDeployed: 'after the sweep' },
    world: raw(),
    breaks: 'S2',
  },
  {
    name: 'the stream is read from some time later',
    without: 'the stream from its beginning',
    source: 'docs/design.md §4.4 R62',
    rules: { streamIsReadFrom: 'some time later' },
    world: raw(),
    breaks: 'S2',
  },
  {
    name: 'pages of an index',
    without: 'pages of the table itself, read consistently',
    source: 'docs/design.md §4.4 R63',
    rules: { pagesFrom: 'an index' },
    world: learning(),
    breaks: 'S2',
  },
  {
    name: 'learned before the last page',
    without: 'the end after the last page',
    source: 'docs/design.md §4.4 R64',
    rules: { learningEnds: 'before the last page' },
    world: learning(),
    breaks: 'S2',
  },
  {
    name: 'a heal writes what its page said',
    without: 'the holder as read in the healing',
    source: 'docs/design.md §4.4 R65',
    rules: { healCompares: false },
    world: learning({ updates: true }),
    breaks: 'S4',
  },
  {
    name: 'learned while a former function runs',
    without: 'the wait for those that began before',
    source: 'docs/design.md §4.4 R66',
    rules: { endWaits: false },
    world: learning({ handlers: 3 }),
    breaks: 'S2',
  },
  {
    name: 'learned whatever the item says',
    without: 'the version in the end',
    source: 'docs/design.md §4.4 R67',
    rules: { endCompares: false },
    world: twice({ leafDeletes: true, undeletes: false }),
    breaks: 'S2',
  },
  {
    name: 'a place is saved whatever the item says',
    without: 'the version in the place',
    source: 'docs/design.md §4.4 R68',
    rules: { placeCompares: false },
    world: twice({ crashes: true, undeletes: false }),
    breaks: 'S2',
  },
  {
    name: 'a new declaration goes on at the old place',
    without: 'the first page for each declaration',
    source: 'docs/design.md §4.4 R69',
    rules: { takeForgetsPlace: false },
    world: twice({ crashes: true, undeletes: false }),
    breaks: 'S2',
  },
  {
    name: 'marked things are settled before the end',
    without: 'the settling after the end',
    source: 'docs/design.md §4.4 R70',
    rules: { settlesMarked: 'before the end' },
    world: learning(),
    breaks: 'L1',
  },
  {
    name: 'a declaration comes back unnoticed',
    without: 'the sweep between taking a dependency out and bringing it back',
    source: 'docs/design.md §4.4 R71',
    rules: { deploymentWaits: false },
    world: again(),
    breaks: 'S2',
  },
  {
    name: 'a grace period shorter than the lag',
    without: 'the grace period that outlasts the records of raw writes',
    source: 'docs/design.md §4.4',
    rules: { graceOutlasts: 'nothing' },
    world: configuration('learning, grace', 'raw writers, and marks that wait', { ...LEARNING_RAW, grace: true }),
    breaks: 'S2',
  },
];
