/** One run through every guarded kind of a lifecycle, whatever its kinds are: each item stays while something needs it, and then goes. */
import { putRaw, setRaw } from '../../dynamodb/probes.ts';
import { deletePlainly } from '../../dynamodb/writes.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { KindPlan } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { type Check, failed, passed } from '../deployed/check.ts';
import { type Cast, castOf, type Dependent, type Player } from './cast.ts';
import { diagnose } from './diagnosis.ts';
import { REPORT, seconds } from './drains.ts';
import { isAttached, letPass, markTime, remainingOf, type Stage, until } from './stage.ts';

/** The trials of these kinds, by their names. */
export function trialsOf(plan: Plan, kinds: readonly string[]) {
  return Object.fromEntries(
    kinds.map((kind) => {
      const { words } = plan.kinds[kind] as KindPlan;
      return [`a drain of ${words.plural}`, (stage: Stage) => tryKind(stage, kind)] as const;
    }),
  );
}

async function tryKind(stage: Stage, kind: string): Promise<Check[]> {
  const { plan } = stage.database;
  const cast = castOf(plan, kind, stage.run);
  const { subject, ground, dependents } = cast;
  const { singular, plural } = (plan.kinds[kind] as KindPlan).words;
  const name = `a drain of ${plural}`;
  const expected = `a marked ${singular} stays while something needs it, and goes with the last`;
  const promises = ['S1', 'S2', 'L1'] as const;
  const says = (fault: Parameters<typeof failed>[1], seen: string, fix: string | undefined): Check[] => [
    { ...failed(name, fault, { expected, seen, ...(fix !== undefined && { fix }) }), promises },
  ];
  try {
    for (const player of [...ground, subject, ...dependents]) await put(stage, player);
    const lacking = await firstUnattached(stage, cast);
    if (lacking !== undefined) {
      const { fault, seen, fix } = await diagnose(stage, functionOf(stage, lacking.key), { after: lacking.item });
      return says(fault, `no attachment of ${itemName(lacking.key)} after ${seconds(stage.waitMillis)}; ${seen}`, fix);
    }
    await markRawly(stage, subject.key);
    if ((await until(stage, async () => (await remainingOf(stage, subject.key)) !== undefined)) === undefined) {
      const after = { ...subject.item, [plan.attributes.pendingDelete]: true };
      const { fault, seen, fix } = await diagnose(stage, functionOf(stage, subject.key), {
        before: subject.item,
        after,
      });
      return says(
        fault,
        `no counter of ${itemName(subject.key)} ${seconds(stage.waitMillis)} after its mark; ${seen}`,
        fix,
      );
    }
    const last = dependents.at(-1);
    for (const one of dependents.slice(0, -1)) await takeAway(stage, one);
    await letPass(stage);
    if (last !== undefined && (await isItemGone(stage, subject.key))) {
      return says(
        'broken promise',
        `${itemName(subject.key)} was deleted while ${itemName(last.key)} needed it`,
        REPORT,
      );
    }
    if (last !== undefined) await takeAway(stage, last);
    const millis = await until(stage, () => isItemGone(stage, subject.key));
    if (millis !== undefined) {
      return [{ ...passed(name, expected, `gone ${seconds(millis)} after the last`), promises, millis }];
    }
    const { fault, seen, fix } = await diagnose(stage, wakerOf(stage, last, subject), {
      before: goneRecordOf(cast, last),
    });
    return says(
      fault,
      `${itemName(subject.key)} is there ${seconds(stage.waitMillis)} after the last that needed it; ${seen}`,
      fix,
    );
  } finally {
    await endTrial(stage, cast);
  }
}

/** Marks or deletes all that is left, whatever became of the trial. */
async function endTrial(stage: Stage, { subject, ground, dependents }: Cast): Promise<void> {
  const { plan } = stage.database;
  for (const { key } of [...dependents, subject, ...[...ground].reverse()]) {
    if (await isItemGone(stage, key)) continue;
    if (plan.kinds[key.kind]?.isGuarded) await markRawly(stage, key);
    else await deleteLeaf(stage, key);
  }
}

/** Names of what the trials of these kinds have left. */
export async function leftOfTrials(stage: Stage, kinds: readonly string[]): Promise<string[]> {
  const keys = keysOfTrials(stage, kinds);
  const gone = await Promise.all(keys.map((key) => isItemGone(stage, key)));
  return keys.filter((_, place) => gone[place] === false).map(itemName);
}

export function keysOfTrials({ database, run }: Stage, kinds: readonly string[]): ItemKey[] {
  return kinds.flatMap((kind) => {
    const { subject, ground, dependents } = castOf(database.plan, kind, run);
    return [...dependents, subject, ...ground].map(({ key }) => key);
  });
}

async function firstUnattached(stage: Stage, { subject, dependents }: Cast): Promise<Dependent | undefined> {
  for (const one of dependents) {
    if (one.by !== 'attachments') continue;
    if ((await until(stage, () => isAttached(stage, subject.key, one.key))) === undefined) return one;
  }
  return undefined;
}

async function put(stage: Stage, { key, item }: Player): Promise<void> {
  await putRaw(stage.database.requests, stage.database.at.item(key).TableName, item);
}

async function markRawly(stage: Stage, key: ItemKey): Promise<void> {
  const { requests, plan } = stage.database;
  const { pendingDelete, markedAt } = plan.attributes;
  await setRaw(requests, stage.database.at.item(key), { [pendingDelete]: true, [markedAt]: markTime(stage) });
}

async function deleteLeaf(stage: Stage, key: ItemKey): Promise<void> {
  const { TableName, Key } = stage.database.at.item(key);
  await deletePlainly(stage.database.requests, TableName, [Key], () => 'the delete of one item was left over');
}

/** As its users do: a leaf is deleted, and what is guarded is marked, and goes by itself since nothing needs it. */
async function takeAway(stage: Stage, { key }: Player): Promise<void> {
  if (!stage.database.plan.kinds[key.kind]?.isGuarded) return await deleteLeaf(stage, key);
  await markRawly(stage, key);
  await until(stage, () => isItemGone(stage, key));
}

async function isItemGone(stage: Stage, key: ItemKey): Promise<boolean> {
  return (await stage.database.requests.get(stage.database.at.item(key))) === undefined;
}

/** The function that the records of its table wake. */
function functionOf({ database: { plan } }: Stage, { kind }: ItemKey): string {
  const { table } = plan.kinds[kind] as KindPlan;
  return Object.keys(plan.functions).find((name) => plan.functions[name]?.table === table) ?? '';
}

/** The function that should have told of the end of the last. */
function wakerOf(stage: Stage, last: Dependent | undefined, subject: Player): string {
  if (last?.by === 'attachments') {
    const { functions } = stage.database.plan;
    return Object.keys(functions).find((name) => functions[name]?.kinds.length === 0) ?? '';
  }
  return functionOf(stage, last?.key ?? subject.key);
}

function goneRecordOf({ subject }: Cast, last: Dependent | undefined): Readonly<Record<string, unknown>> {
  if (last === undefined) return subject.item;
  return last.by === 'key' ? last.item : { held: itemName(subject.key), holder: itemName(last.key) };
}
