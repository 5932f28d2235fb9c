/** Who plays in the trial of one kind: an item of it, what it lies under, and one of each kind that it must outlive. */
import { keyFor, keyWith, partsOfKey } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { sampleItem } from '../../lifecycle/sample-items.ts';
import { partsIn } from '../../lifecycle/templates.ts';

export interface Player {
  readonly key: ItemKey;
  readonly item: Readonly<Record<string, unknown>>;
}

/** What keeps the item that is on trial. */
export interface Dependent extends Player {
  /** Whether an attachment says so, or its key. */
  readonly by: 'key' | 'attachments';
}

export interface Cast {
  readonly subject: Player;
  /** What the others lie under, in the order in which they are put. */
  readonly ground: readonly Player[];
  readonly dependents: readonly Dependent[];
}

/** Letters and digits alone, so that an id runs into no text that ends it. @param role tells the parts of one trial apart */
function partText(run: string, role: string): string {
  return `deallocatorSelftest${run.replaceAll(/\W/g, '')}${role}`;
}

/** Fails with `InvalidArgument` where an id can't be made, such as one of letters that a key ends with. */
export function castOf(plan: Plan, kind: string, run: string): Cast {
  const { parts, countedBy } = plan.kinds[kind] as Plan['kinds'][string];
  const own = Object.fromEntries(parts.map((part) => [part, partText(run, kind)]));
  const subject = keyWith(plan, kind, own);
  keyFor(plan, kind, parts.length === 1 ? subject.id : own);
  const dependents = countedBy.flatMap((count): Dependent[] =>
    count.by === 'key'
      ? [dependentOf(plan, { kind: count.kind, subject, run }, [])].map((one) => ({ ...one, by: 'key' }))
      : count.kinds.map((holder) => ({
          ...dependentOf(plan, { kind: holder, subject, run }, [subject]),
          by: 'attachments',
        })),
  );
  const all = [subject, ...dependents.map(({ key }) => key)];
  const there = new Set([itemName(subject)]);
  const ground = all
    .flatMap((key) => groundOf(plan, key))
    .filter((key) => {
      const isNew = !there.has(itemName(key));
      there.add(itemName(key));
      return isNew;
    });
  return { subject: playerOf(plan, subject, []), ground: ground.map((key) => playerOf(plan, key, [])), dependents };
}

/** Its id has the subject's parts where it must, and is another one where both are of one kind. */
function dependentOf(
  plan: Plan,
  { kind, subject, run }: { readonly kind: string; readonly subject: ItemKey; readonly run: string },
  held: readonly ItemKey[],
): Player {
  const { parts, holds } = plan.kinds[kind] as Plan['kinds'][string];
  const theirs = partsOfKey(plan, subject);
  const named =
    kind === subject.kind ? holds.flatMap(({ kind: other, as }) => (other === kind ? partsIn(as) : [])) : [];
  const own = Object.fromEntries(parts.map((part) => [part, named.includes(part) ? undefined : theirs[part]]));
  const whole = Object.fromEntries(parts.map((part) => [part, own[part] ?? partText(run, `${subject.kind}By${kind}`)]));
  return playerOf(plan, keyWith(plan, kind, whole), held);
}

function playerOf(plan: Plan, key: ItemKey, held: readonly ItemKey[]): Player {
  const item = sampleItem(plan, key, held);
  if (item === undefined)
    throw new Error(
      `no ${plan.kinds[key.kind]?.words.singular} can be made that holds ${held.map(itemName).join(', ')}`,
    );
  return { key, item };
}

/** What it lies under, and what that lies under, from the outermost on: its own parts name them all. */
function groundOf(plan: Plan, key: ItemKey): ItemKey[] {
  const parts = partsOfKey(plan, key);
  return (plan.kinds[key.kind]?.under ?? []).flatMap(({ kind }) => {
    const other = keyWith(
      plan,
      kind,
      Object.fromEntries((plan.kinds[kind]?.parts ?? []).map((part) => [part, parts[part] ?? ''])),
    );
    return [...groundOf(plan, other), other];
  });
}
