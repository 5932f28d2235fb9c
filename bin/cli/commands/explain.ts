import type { ItemKey } from '../../../lib/lifecycle/keys.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import { listed, type Names, spokenWith } from '../../../lib/operate/names.ts';
import { type Explanation, explain as explainParent } from '../../../lib/operate/reports/explain.ts';
import type { Related } from '../../../lib/operate/reports/facts.ts';
import { drawGraph } from '../../../lib/operate/reports/graph.ts';
import { readHistory } from '../../../lib/operate/reports/history.ts';
import { readParent } from '../arguments.ts';
import { type Command, DONE, FAILED, type Session } from '../command.ts';
import type { Deployment } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { findTyped } from '../objects.ts';
import { visible } from '../text.ts';
import {
  type Branch,
  countWords,
  forecastLines,
  markWords,
  progressWords,
  reasonWords,
  standingWords,
  tree,
} from '../words.ts';

export const explain: Command = {
  name: 'explain',
  group: 'Look',
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
  async run(session, given) {
    const { io, isJson, print, printJson } = session;
    const typed = readParent(given);
    const format = given.text('graph');
    if (format !== undefined && format !== 'mermaid' && format !== 'dot') {
      throw new UsageError(`--graph is "${format}", allowed: mermaid, dot`);
    }
    const deployment = await session.open();
    const { cluster } = deployment;
    const [parent = typed] = await findTyped(session, deployment, [typed], { beginnings: 'any' });
    if (format !== undefined) {
      const graph = await interruptible(drawGraph(cluster, [parent], format), io);
      if (isJson) printJson({ format, graph });
      else print(graph.trimEnd());
      const { whereabouts } = await interruptible(readHistory(cluster, { ...parent, limit: 1 }), io);
      return whereabouts === 'not there' ? FAILED : DONE;
    }
    return printExplained(session, deployment, parent);
  },
};

export async function printExplained(
  { io, isJson, report, printJson }: Session,
  { cluster }: Deployment,
  parent: ItemKey,
): Promise<number> {
  const found = await interruptible(explainParent(cluster, parent), io);
  if (isJson) printJson(found);
  else report(describe(found));
  return found.absence === 'not there' ? FAILED : DONE;
}

function describe(found: Explanation): string {
  return [
    tree({ text: titleOf(found), branches: branchesOf(found) }),
    ...forecastLines(found.forecast, found.names),
    '',
    ...found.advice.map(visible),
  ].join('\n');
}

export function titleOf({ object, state, mark, absence, names }: Explanation): string {
  const called = spokenWith(names, object);
  if (state === 'absent') return `${called} is ${absence}`;
  return `${called} is ${mark === undefined ? 'not marked' : `marked for deletion, ${markWords(mark)}`}`;
}

export function branchesOf({
  standing,
  undeleted,
  hold,
  counter,
  tasks,
  uses,
  usedBy,
  moreRelated,
  formerLives,
  names,
  isWhole,
}: Explanation): Branch[] {
  const more = moreRelated > 0 ? [{ text: `… and ${moreRelated} more` }] : [];
  const relatedBranch = (text: string, related: readonly Related[]): Branch => ({
    text: related.length === 0 ? `${text} nothing` : text,
    branches: [...related.map((other) => ({ text: relatedWords(other, names) })), ...more],
  });
  return [
    ...(undeleted ? [{ text: undeletedText(undeleted) }] : []),
    ...(standing ? [{ text: standingWords(standing, hold) }] : []),
    ...(hold && !standing ? [{ text: reasonWords(hold) }] : []),
    ...(counter ? [{ text: counterText(counter) }] : []),
    ...(tasks ? [tasksBranch(tasks)] : []),
    ...(uses ? [relatedBranch('uses', uses)] : []),
    ...(usedBy
      ? [usedBy.length === 0 && !isWhole ? { text: 'used by more than was read' } : relatedBranch('used by', usedBy)]
      : []),
    ...(formerLives.length > 0 ? [livesBranch(formerLives)] : []),
  ];
}

function undeletedText({ at, by, reason }: NonNullable<Explanation['undeleted']>): string {
  return `undeleted at ${at}${by ? ` by ${by}` : ''}${reason ? `: ${reason}` : ''}`;
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

function relatedWords({ object, state, tasks, alsoUsedBy = [], hold }: Related, names: Names): string {
  const facts = [
    state,
    ...(tasks ? [countWords(tasks, 'task')] : []),
    ...(hold ? [reasonWords(hold)] : []),
    ...(alsoUsedBy.length > 0 ? [`also used by ${listed(alsoUsedBy.map((user) => spokenWith(names, user)))}`] : []),
  ];
  return `${spokenWith(names, object)}: ${facts.join(', ')}`;
}

function livesBranch(lives: Explanation['formerLives']): Branch {
  const branches = lives.map(({ deletedAt, markedBy, markedReason }) => ({
    text: `deleted at ${deletedAt}${markedBy ? ` for ${markedBy}` : ''}${markedReason ? `: ${markedReason}` : ''}`,
  }));
  return { text: 'former lives of this id', branches };
}
