/**
 * What many ask in one turn, asked of DynamoDB in as few requests as it takes. A parent is settled as if it were alone: it waits
 * for its answer, and does not know with whom it asked. The request is sent after each of them has asked and before any of
 * them goes on, and looks at each item by itself: so each answer is one that the parent could have got alone (docs/design.md §4.2).
 */
import { isDeallocatorError } from '../protocol/errors.ts';

/** What came of one question: its answer, its failure, or another way to ask that has not been tried yet. */
export type Outcome<A> = () => Promise<A>;

/** A way to ask by one question, and a way to ask by many, which tells the outcomes in the order of the questions. */
export interface Ways<Q, A> {
  alone(question: Q): Promise<A>;
  together(questions: readonly Q[]): Promise<readonly Outcome<A>[]>;
  /** The questions that go together, each in one group. */
  group(questions: readonly Q[]): readonly (readonly Q[])[];
}

/**
 * All that was asked in one turn is answered in one turn, so that those who go on ask together again. They wait for the slowest of
 * their requests; the invocation waits for it in any case. What has to be asked again alone keeps nobody waiting.
 */
export function gather<Q, A>(ways: Ways<Q, A>): (question: Q) => Promise<A> {
  let waiting: { readonly question: Q; readonly resolve: (answer: Promise<A>) => void }[] = [];
  const askAll = async () => {
    const asked = waiting;
    waiting = [];
    const groups = ways.group(asked.map(({ question }) => question));
    const outcomes = new Map((await Promise.all(groups.map((group) => ask(group, ways)))).flat());
    for (const { question, resolve } of asked) resolve((outcomes.get(question) as Outcome<A>)());
  };
  return (question) =>
    new Promise((resolve) => {
      waiting.push({ question, resolve });
      if (waiting.length === 1) atEndOfTurn(askAll);
    });
}

async function ask<Q, A>(questions: readonly Q[], ways: Ways<Q, A>): Promise<(readonly [Q, Outcome<A>])[]> {
  const [only, ...others] = questions;
  const outcomes = others.length === 0 ? [await outcomeOf(ways.alone(only as Q))] : await askTogether(questions, ways);
  return questions.map((question, place) => [question, outcomes[place] as Outcome<A>]);
}

async function askTogether<Q, A>(questions: readonly Q[], ways: Ways<Q, A>): Promise<readonly Outcome<A>[]> {
  try {
    return await ways.together(questions);
  } catch (error) {
    // One that is not well formed, or too much for one request, must not cost the others their answers. Who is throttled or not
    // answered for so long would not be answered alone.
    const isRejected = !isDeallocatorError(error, 'Unavailable') && !isDeallocatorError(error, 'Aborted');
    return questions.map((question) => () => (isRejected ? ways.alone(question) : Promise.reject(error)));
  }
}

function outcomeOf<A>(asked: Promise<A>): Promise<Outcome<A>> {
  return asked.then(
    (answer) => () => Promise.resolve(answer),
    (error) => () => Promise.reject(error),
  );
}

/** Once all that could go on has gone on, and nothing is left but to wait for the world. */
function atEndOfTurn(run: () => Promise<void>): void {
  queueMicrotask(() => process.nextTick(run));
}
