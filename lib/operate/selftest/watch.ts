/** What watches the deployment: its alarms, its metrics, its dead letters. */

import type { Plan } from '../../lifecycle/plan.ts';
import { type Check, failed, notLookedAt, passed } from '../deployed/check.ts';
import type { FoundFunctions } from '../deployed/functions.ts';
import { isTold, told } from '../deployed/told.ts';
import { seconds } from './drains.ts';
import { type Stage, until } from './stage.ts';

/** CloudWatch shows a logged metric within a minute or two. */
const METRIC_WAITS = 4;

export async function checkDeadLetters({ around }: Stage): Promise<Check> {
  const name = 'dead letters';
  const expected = 'none';
  const letters = await told(() => around.deadLetters());
  if (!isTold(letters)) return notLookedAt(name, expected, letters.untold);
  if (letters.told === 0) return passed(name, expected, 'none');
  const fix = 'deallocator redrive, once the cause is gone: "Dead letters" in docs/runbook.md';
  return failed(name, 'dead letters', { expected, seen: `${letters.told} in the queue`, fix });
}

export async function checkAlarms(
  { around, functions, database }: Stage,
  deadLetterQueueUrl: string | undefined,
): Promise<Check[]> {
  const expected = 'no alarm rings, and somebody is told when one does';
  const own = [
    ...namesOf(functions),
    ...Object.values(database.at.tables),
    ...(deadLetterQueueUrl?.split('/').slice(-1) ?? []),
  ];
  const all = await told(() => around.alarms());
  if (!isTold(all)) return [notLookedAt('alarms', expected, all.untold)];
  const ours = all.told.filter(({ about }) => about.some((value) => own.includes(value)));
  if (ours.length === 0)
    return [notLookedAt('alarms', expected, 'no alarm is about this deployment: are they off (the prop `alarms`)?')];
  const ringing = ours.filter(({ state }) => state === 'ALARM');
  const silent = ours.filter(({ hasAction }) => !hasAction).length;
  const waiting = ours.filter(({ state }) => state === 'INSUFFICIENT_DATA').length;
  const seen = [
    `${ours.length} alarms`,
    ...(waiting > 0 ? [`${waiting} without data yet`] : []),
    ...(silent > 0 ? [`${silent} tell nobody: give them an action`] : []),
  ];
  if (ringing.length === 0) return [passed('alarms', expected, seen.join(', '))];
  return ringing.map(({ name, reason }) =>
    failed(`alarm ${name}`, 'alarm', {
      expected,
      seen: reason || 'it rings',
      fix: 'the section of that alarm in docs/runbook.md',
    }),
  );
}

function namesOf(functions: FoundFunctions): string[] {
  return Object.values(functions).flatMap((found) => {
    if (!isTold(found)) return [];
    const { environment, name: physical } = found.told.fn;
    return [physical, environment.METRICS_NAMESPACE ?? []].flat();
  });
}

/** The function that sees the last go that some guarded kind waits for, and that kind. */
function countedDeletion({ sweep, kinds, functions }: Plan): { readonly functionName: string; readonly kind: string } {
  const all = sweep.flatMap((kind) =>
    (kinds[kind]?.countedBy ?? []).flatMap((count) => {
      const table = count.by === 'key' ? count.table : 'attachments';
      const name = Object.keys(functions).find((one) => functions[one]?.table === table);
      return name === undefined ? [] : [{ functionName: name, kind }];
    }),
  );
  return all[0] ?? { functionName: 'sweep', kind: sweep[0] ?? '' };
}

/** That the functions' log lines become metrics. */
export async function checkMetrics(stage: Stage, sinceEpochMillis: number): Promise<Check> {
  const name = 'metrics';
  const { functionName, kind } = countedDeletion(stage.database.plan);
  const plural = stage.database.plan.kinds[kind]?.words.plural;
  const expected = `Deleted of ${functionName} counts the ${plural} that the selftest has deleted`;
  const found = stage.functions[functionName] ?? { untold: `there is no function ${functionName}` };
  if (!isTold(found)) return notLookedAt(name, expected, found.untold);
  const namespace = found.told.fn.environment.METRICS_NAMESPACE ?? '';
  const dimensions = { function: functionName, kind };
  const sum = () => stage.around.metricSum(namespace, 'Deleted', dimensions, sinceEpochMillis);
  const first = await told(sum);
  if (!isTold(first)) return notLookedAt(name, expected, first.untold);
  const patient = { ...stage, waitMillis: METRIC_WAITS * stage.waitMillis };
  const millis = await until(patient, async () => (await sum()) > 0);
  if (millis !== undefined) return passed(name, expected, `there after ${seconds(millis)}`);
  const fix = `does the log group of ${functionName} have lines with "_aws"? Then CloudWatch is late: look at the dashboard in some minutes`;
  return failed(name, 'no metrics', {
    expected,
    seen: `no value in ${namespace} after ${seconds(patient.waitMillis)}`,
    fix,
  });
}
