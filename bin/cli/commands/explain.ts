import { interruptible } from '../../../lib/operate/interruptible.ts';
import { spoken } from '../../../lib/operate/names.ts';
import { type Explanation, explain as explainParent } from '../../../lib/operate/reports/explain.ts';
import type { Related } from '../../../lib/operate/reports/facts.ts';
import { drawGraph } from '../../../lib/operate/reports/graph.ts';
import { readParent } from '../arguments.ts';
import { type Command, DONE } from '../command.ts';
import { UsageError } from '../errors.ts';
import { visible } from '../text.ts';
import { type Branch, countWords, forecastLines, markWords, progressWords, reasonWords, tree } from '../words.ts';

export const explain: Command = {
  name: 'explain',
  takes: 'KIND ID',
  says: 'tells why an object is still there, what will go when, what will stay, and what to do next',
  options: {
    graph: { value: 'FORMAT', says: 'mermaid or dot: the surroundings as a picture, in one of these languages' },
  },
  examples: [
    ['deallocator explain service web', 'its tasks, its networks, and what follows when they are gone'],
    ['deallocator explain network front --json', 'for a script'],
    ['deallocator explain service web --graph dot | dot -Tsvg > web.svg', 'a picture'],
  ],
  async run({ io, open, isJson, print, printJson }, given) {
    const parent = readParent(given);
    const format = given.text('graph');
    if (format !== undefined && format !== 'mermaid' && format !== 'dot') {
      throw new UsageError(`--graph is "${format}", allowed: mermaid, dot`);
    }
    const { cluster } = await open();
    if (format !== undefined) {
      const graph = await interruptible(drawGraph(cluster, [parent], format), io);
      if (isJson) printJson({ format, graph });
      else print(graph.trimEnd());
      return DONE;
    }
    const found = await interruptible(explainParent(cluster, parent), io);
    if (isJson) printJson(found);
    else print(describe(found));
    return DONE;
  },
};

function describe(found: Explanation): string {
  return [
    tree({ text: titleOf(found), branches: branchesOf(found) }),
    ...forecastLines(found.forecast),
    '',
    ...found.advice.map(visible),
  ].join('\n');
}

function titleOf({ object, state, mark }: Explanation): string {
  if (state === 'absent') return `${spoken(object)} is not there`;
  return `${spoken(object)} is ${mark === undefined ? 'not marked' : `marked for deletion, ${markWords(mark)}`}`;
}

function branchesOf({
  undeleted,
  hold,
  counter,
  tasks,
  uses,
  usedBy,
  moreRelated,
  formerLives,
}: Explanation): Branch[] {
  const more = moreRelated > 0 ? [{ text: `… and ${moreRelated} more` }] : [];
  const relatedBranch = (text: string, related: readonly Related[]): Branch => ({
    text: related.length === 0 ? `${text} nothing` : text,
    branches: [...related.map((other) => ({ text: relatedWords(other) })), ...more],
  });
  return [
    ...(undeleted ? [{ text: `undeleted at ${undeleted.at}${undeleted.by ? ` by ${undeleted.by}` : ''}` }] : []),
    ...(hold ? [{ text: `held: ${reasonWords(hold)}` }] : []),
    ...(counter ? [{ text: counterText(counter) }] : []),
    ...(tasks ? [tasksBranch(tasks)] : []),
    ...(uses ? [relatedBranch('uses', uses)] : []),
    ...(usedBy ? [relatedBranch('used by', usedBy)] : []),
    ...(formerLives.length > 0 ? [livesBranch(formerLives)] : []),
  ];
}

function counterText(counter: NonNullable<Explanation['counter']>): string {
  const progress = counter.progressedAt === undefined ? [] : [`last progress ${progressWords(counter)}`];
  const number = counter.agreement === 'unreadable' ? [] : [counter.remaining ?? 'none'];
  return `counter: ${[...number, counter.agreement, ...progress].join(', ')}`;
}

function tasksBranch(tasks: NonNullable<Explanation['tasks']>): Branch {
  const more = tasks.count - tasks.named.length;
  const branches = tasks.named.map(({ id, state, desiredState, since }) => {
    const wish = desiredState === undefined ? [] : [`wanted: ${desiredState}`];
    const facts = [...(state ? [state] : []), ...wish, since === undefined ? 'start time unknown' : `since ${since}`];
    return { text: `task ${id}: ${facts.join(', ')}` };
  });
  return {
    text: countWords(tasks, 'task'),
    branches: [...branches, ...(more > 0 ? [{ text: `… and ${more} more` }] : [])],
  };
}

function relatedWords({ object, state, tasks, alsoUsedBy = [], hold }: Related): string {
  const facts = [
    state,
    ...(tasks ? [countWords(tasks, 'task')] : []),
    ...(hold ? [reasonWords(hold)] : []),
    ...(alsoUsedBy.length > 0 ? [`also used by ${alsoUsedBy.map(spoken).join(', ')}`] : []),
  ];
  return `${spoken(object)}: ${facts.join(', ')}`;
}

function livesBranch(lives: Explanation['formerLives']): Branch {
  const branches = lives.map(({ deletedAt, markedBy, markedReason }) => ({
    text: `deleted at ${deletedAt}${markedBy ? ` for ${markedBy}` : ''}${markedReason ? `: ${markedReason}` : ''}`,
  }));
  return { text: 'former lives of this id', branches };
}
