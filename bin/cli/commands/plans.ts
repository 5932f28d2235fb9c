/** How plans of removals and undeletes are put in words, and the question before they are carried out. */
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { listed, type Names, spokenWith } from '../../../lib/operate/names.ts';
import type { Applied } from '../../../lib/operate/reports/apply.ts';
import {
  FORESEEN_OBJECTS_MAX,
  type PlanRefusal,
  type RemovalPlan,
  type UndeletePlan,
} from '../../../lib/operate/reports/plan.ts';
import { lines, shortOutcomes } from '../lists.ts';
import { type Target, targetLine } from '../target.ts';
import { count, visible } from '../text.ts';
import { absenceWords, forecastLines, markWords } from '../words.ts';

export function describeRemoval(of: Plan, plan: RemovalPlan, target: Target): string {
  const { marks, alreadyMarked, refused, forecast, names } = plan;
  const isForeseen = marks.length + alreadyMarked.length + refused.length <= FORESEEN_OBJECTS_MAX;
  const later =
    '  What does not go at once goes when nothing holds it any more; a plan of so many objects does not say in which order.';
  return [
    titleOf(target),
    ...lines(
      marks.map(({ object, waitsFor }) => {
        const why =
          waitsFor.length === 0 ? '' : `; waits for ${listed(waitsFor.map((user) => spokenWith(of, names, user)))}`;
        return `  mark ${visible(spokenWith(of, names, object) + why)}`;
      }),
      'to mark',
    ),
    ...lines(alreadyMarked.map(markedLine(of, 'leave', names)), 'that are marked already'),
    ...lines(refused.map(refusalLine(of, names)), 'that are refused'),
    ...lines(forecastLines(of, forecast, names), 'of these'),
    ...(isForeseen ? [] : [later]),
    '',
  ].join('\n');
}

export function describeUndelete(of: Plan, plan: UndeletePlan, target: Target): string {
  const { undeletes, notMarked, refused, names } = plan;
  return [
    titleOf(target),
    ...lines(undeletes.map(markedLine(of, 'undelete', names)), 'to undelete'),
    ...lines(
      notMarked.map((object) => `  leave ${visible(spokenWith(of, names, object))}: not marked`),
      'that are not marked',
    ),
    ...lines(refused.map(refusalLine(of, names)), 'that are refused'),
    '',
  ].join('\n');
}

export function describeApplied(of: Plan, applied: readonly Applied[], names: Names): string[] {
  const each = applied.map(({ object, outcome, error }) =>
    visible(`${spokenWith(of, names, object)}: ${error === undefined ? outcome : `${error.message} [${error.code}]`}`),
  );
  return shortOutcomes(applied, each, ({ error }) => error !== undefined);
}

export function removalQuestion(of: Plan, { marks, goesAtOnce, names }: RemovalPlan, target: Target): string {
  const what = `Mark ${count(marks.length, 'object')} on ${targetLine(target)}?`;
  if (goesAtOnce.length === 0) return `${visible(what)} Nothing goes at once, so an undelete can take it back.`;
  const going = listed(goesAtOnce.map((object) => spokenWith(of, names, object)));
  const which =
    marks.length === 1 ? 'It goes' : `${goesAtOnce.length} of them ${goesAtOnce.length === 1 ? 'goes' : 'go'}`;
  return visible(`${what} ${which} at once, and no undelete brings that back: ${going}.`);
}

export function undeleteQuestion({ undeletes }: UndeletePlan, target: Target): string {
  return visible(`Take the marks of ${count(undeletes.length, 'object')} back on ${targetLine(target)}?`);
}

/** Why nothing at all is done. */
export function stopWords(
  of: Plan,
  { refused, names }: Pick<RemovalPlan, 'refused' | 'names'>,
  done: 'marked' | 'undeleted',
): string {
  const absent = (absence: PlanRefusal['absence']) => {
    const objects = refused.filter((one) => one.absence === absence).map(({ object }) => spokenWith(of, names, object));
    return objects.length === 0 ? [] : [`${listed(objects)} ${objects.length === 1 ? 'is' : 'are'} ${absence}`];
  };
  const why = [...absent('not there'), ...absent('gone')].join(', and ');
  return visible(`Nothing was ${done}: ${why}. Correct that, or leave it out with --ignore-missing.`);
}

function titleOf(target: Target): string {
  return `Plan for ${visible(targetLine(target))}`;
}

function markedLine(of: Plan, verb: string, names: Names) {
  return ({ object, mark }: RemovalPlan['alreadyMarked'][number]) =>
    `  ${verb} ${visible(`${spokenWith(of, names, object)}: marked ${markWords(mark)}`)}`;
}

const REFUSALS: Readonly<Record<Exclude<PlanRefusal['because'], 'not found'>, string>> = {
  protected: 'it is protected; take that away first ("deallocator unprotect")',
  'in use':
    'it is in use by what is not to be removed; remove or update that, or let it wait for them ("--even-in-use")',
};

function refusalLine(of: Plan, names: Names) {
  return ({ object, because, absence, isWhole, blockers }: PlanRefusal) => {
    const named = blockers.length > 0 ? `: ${listed(blockers.map((user) => spokenWith(of, names, user)))}` : '';
    const why = because === 'not found' ? absenceWords(absence, isWhole) : REFUSALS[because];
    return `  refuse ${visible(`${spokenWith(of, names, object)}: ${why}${named}`)}`;
  };
}
