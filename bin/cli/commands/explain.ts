import type { ItemKey } from '../../../lib/lifecycle/keys.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import { listed, type Names, planned, spokenWith } from '../../../lib/operate/names.ts';
import { type Explanation, explain as explainParent } from '../../../lib/operate/reports/explain.ts';
import type { Related } from '../../../lib/operate/reports/facts.ts';
import { drawGraph } from '../../../lib/operate/reports/graph.ts';
import { readHistory } from '../../../lib/operate/reports/history.ts';
import { readParent } from '../arguments.ts';
import { type Command, DONE, FAILED, type Session } from '../command.ts';
import type { Deployment } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { findTyped, openTyped } from '../objects.ts';
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
    const format = given.text('graph');
    if (format !== undefined && format !== 'mermaid' && format !== 'dot') {
      throw new UsageError(`--graph is "${format}", allowed: mermaid, dot`);
    }
    const { deployment, typed } = await openTyped(session, (plan) => readParent(plan, given));
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
  else report(describe(cluster.plan, found));
  return found.absence === 'not there' ? FAILED : DONE;
}

function describe(plan: Plan, found: Explanation): string {
  return [
    tree({ text: titleOf(plan, found), branches: branchesOf(plan, found) }),
    ...forecastLines(plan, found.forecast, found.names),
    '',
    ...found.advice.map(visible),
  ].join('\n');
}

export function titleOf(plan: Plan, { object, state, mark, absence, names }: Explanation): string {
  const called = spokenWith(plan, names, object);
  if (state === 'absent') return `${called} is ${absence}`;
  return `${called} is ${mark === undefined ? 'not marked' : `marked for deletion, ${markWords(mark)}`}`;
}

export function branchesOf(plan: Plan, found: Explanation): Branch[] {
  const { standing, undeleted, hold, counter, children = [], uses, usedBy, formerLives, names, isWhole } = found;
  const { moreRelated } = found;
  const more = moreRelated > 0 ? [{ text: `… and ${moreRelated} more` }] : [];
  const relatedBranch = (text: string, related: readonly Related[]): Branch => ({
    text: related.length === 0 ? `${text} nothing` : text,
    branches: [...related.map((other) => ({ text: relatedWords(plan, other, names) })), ...more],
  });
  return [
    ...(undeleted ? [{ text: undeletedText(undeleted) }] : []),
    ...(standing ? [{ text: standingWords(plan, standing, hold) }] : []),
    ...(hold && !standing ? [{ text: reasonWords(plan, hold) }] : []),
    ...(counter ? [{ text: counterText(counter) }] : []),
    ...children.map((one) => childrenBranch(plan, one)),
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

function childrenBranch(plan: Plan, found: NonNullable<Explanation['children']>[number]): Branch {
  const { words } = planned(plan, found.kind);
  const more = found.count - found.named.length;
  const branches = found.named.map(({ id, state, desiredState, since }) => {
    const wish = desiredState === undefined ? [] : [`wanted: ${desiredState}`];
    const facts = [...(state ? [state] : []), ...wish, since === undefined ? 'start time unknown' : `since ${since}`];
    return { text: `${words.singular} ${id}: ${facts.join(', ')}` };
  });
  return {
    text: countWords(found, words),
    branches: [...branches, ...(more > 0 ? [{ text: `… and ${more} more` }] : [])],
  };
}

function relatedWords(plan: Plan, related: Related, names: Names): string {
  const { object, state, children = [], alsoUsedBy = [], hold } = related;
  const facts = [
    state,
    ...children.map((one) => countWords(one, planned(plan, one.kind).words)),
    ...(hold ? [reasonWords(plan, hold)] : []),
    ...(alsoUsedBy.length > 0
      ? [`also used by ${listed(alsoUsedBy.map((user) => spokenWith(plan, names, user)))}`]
      : []),
  ];
  return `${spokenWith(plan, names, object)}: ${facts.join(', ')}`;
}

function livesBranch(lives: Explanation['formerLives']): Branch {
  const branches = lives.map(({ deletedAt, markedBy, markedReason }) => ({
    text: `deleted at ${deletedAt}${markedBy ? ` for ${markedBy}` : ''}${markedReason ? `: ${markedReason}` : ''}`,
  }));
  return { text: 'former lives of this id', branches };
}
