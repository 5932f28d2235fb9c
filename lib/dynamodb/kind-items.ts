/** Items of any kind, by the plan: where they lie, the fence, and the lists that a client reads. */
import { attributesOf, keyOfItem, partsOfKey } from '../lifecycle/ids.ts';
import type { ItemKey } from '../lifecycle/keys.ts';
import type { Count, KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { fill } from '../lifecycle/templates.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import type { Address } from './addresses.ts';
import { allOf, type Condition, isNotMarked, isThere } from './conditions.ts';
import type { Database } from './database.ts';
import { expressed, type Phrase } from './expressions.ts';
import { type Action, type Item, type StoredItem, StoredValue } from './requests.ts';
import { check, TELLING } from './writes.ts';

/** The physical table of a kind. */
export function tableOf({ at, plan }: Pick<Database, 'at' | 'plan'>, kind: string): string {
  return (at.tables as Readonly<Record<string, string>>)[(plan.kinds[kind] as KindPlan).table] as string;
}

export function addressOf(database: Pick<Database, 'at' | 'plan'>, key: ItemKey): Address {
  return { TableName: tableOf(database, key.kind), Key: attributesOf(database.plan, key) };
}

/** The phrase for items of this kind: `#id` is its partition key, and what we write has the plan's names. */
export function inNamesOf(plan: Plan, kind: string, phrase: Phrase): Phrase {
  const [partitionKey] = Object.keys((plan.kinds[kind] as KindPlan).key);
  const all = Object.entries({ id: partitionKey as string, ...plan.attributes });
  const used = new Set(phrase.expression.match(/#\w+/g));
  const names = all.map(([name, attribute]) => [`#${name}`, attribute] as const).filter(([name]) => used.has(name));
  return { ...phrase, names: { ...phrase.names, ...Object.fromEntries(names) } };
}

/** The fence: the item exists and is not marked, checked in the transaction that puts what depends on it. */
export function fence(database: Pick<Database, 'at' | 'plan'>, key: ItemKey): Action {
  return check(addressOf(database, key), inNamesOf(database.plan, key.kind, allOf(isThere, isNotMarked)), TELLING);
}

/** Whole attributes are as they were read, those that were not there included. */
export function attributesAreAsRead(asRead: StoredItem, attributes: readonly string[]): Condition[] {
  return attributes.map((attribute, place) => {
    const [name, placeholder] = [`#was${place}`, `:was${place}`];
    const value = Object.hasOwn(asRead, attribute) ? asRead[attribute] : undefined;
    const names = { [name]: attribute };
    if (value === undefined) return { expression: `attribute_not_exists(${name})`, names };
    return { expression: `${name} = ${placeholder}`, names, values: { [placeholder]: new StoredValue(value) } };
  });
}

/** Sets these attributes as they are in the item, and removes those that it lacks. */
export function settingOf(item: Item, attributes: readonly string[]): Phrase {
  const numbered = attributes.map((attribute, place) => ({ attribute, name: `#now${place}`, value: `:now${place}` }));
  const isSet = ({ attribute }: { attribute: string }) => item[attribute] !== undefined;
  const set = numbered.filter(isSet);
  const removed = numbered.filter((one) => !isSet(one));
  const clauses = [
    ...(set.length > 0 ? [`SET ${set.map(({ name, value }) => `${name} = ${value}`).join(', ')}`] : []),
    ...(removed.length > 0 ? [`REMOVE ${removed.map(({ name }) => name).join(', ')}`] : []),
  ];
  return {
    expression: clauses.join(' '),
    names: Object.fromEntries(numbered.map(({ name, attribute }) => [name, attribute])),
    values: Object.fromEntries(set.map(({ value, attribute }) => [value, item[attribute]])),
  };
}

/** A kind's items, whole, page by page. Others of its table are passed over. Strongly consistent. */
export async function listKind(
  database: Database,
  kind: string,
  from: PageKey | undefined,
  itemsMax: number,
): Promise<Page<Item>> {
  const input = { TableName: tableOf(database, kind), ConsistentRead: true, Limit: itemsMax };
  const { items, next } = await database.requests.scan(input, from);
  return { items: items.filter((item) => keyOfItem(database.plan, kind, item) !== undefined), next };
}

/** What is marked of a kind, by the sparse index: eventually consistent, and as large as what is marked. */
export async function listMarkedOf(
  database: Database,
  kind: string,
  from: PageKey | undefined,
  itemsMax: number,
): Promise<Page<{ readonly key: ItemKey; readonly markedAt: string }>> {
  const { plan, requests } = database;
  const { name } = plan.tables[(plan.kinds[kind] as KindPlan).table]?.markedIndex ?? { name: '' };
  const input = { TableName: tableOf(database, kind), IndexName: name, Limit: itemsMax, ConsistentRead: false };
  const { items, next } = await requests.scan(input, from);
  const marked = items.flatMap((item) => {
    const key = keyOfItem(plan, kind, item);
    return key === undefined ? [] : [{ key, markedAt: item[plan.attributes.markedAt] as string }];
  });
  return { items: marked, next };
}

/** The items under another's key, whole, page by page. Strongly consistent. */
export async function listUnderKey(
  database: Database,
  count: Count & { readonly by: 'key' },
  key: ItemKey,
  itemsMax: number,
  from: PageKey | undefined,
): Promise<Page<Item>> {
  const { plan, requests } = database;
  const parts = partsOfKey(plan, key);
  const { partition, sort } = count;
  const template = sort?.equals ?? sort?.beginsWith;
  const onSort = sort?.equals === undefined ? 'begins_with(#sort, :sort)' : '#sort = :sort';
  const keys: Phrase = {
    expression: `#partition = :partition${template === undefined ? '' : ` AND ${onSort}`}`,
    names: { '#partition': partition.attribute, ...(sort && { '#sort': sort.attribute }) },
    values: { ':partition': fill(partition.of, parts), ...(template && { ':sort': fill(template, parts) }) },
  };
  const input = { TableName: tableOf(database, count.kind), ...expressed({ keys }), ConsistentRead: true };
  const { items, next } = await requests.query({ ...input, Select: 'ALL_ATTRIBUTES', Limit: itemsMax }, from);
  return { items: items.filter((item) => keyOfItem(plan, count.kind, item) !== undefined), next };
}

/** The holders of what is held by attachments, as these name them. Strongly consistent. */
export async function listHolders(
  { requests, at }: Database,
  held: ItemKey,
  itemsMax: number,
  from: PageKey | undefined,
): Promise<Page<string>> {
  const { TableName, Key } = at.attachment(held, held);
  const keys: Phrase = { expression: '#held = :held', values: { ':held': Key.held } };
  const input = { TableName, ...expressed({ keys }), ConsistentRead: true, Select: 'ALL_ATTRIBUTES' } as const;
  const { items, next } = await requests.query({ ...input, Limit: itemsMax }, from);
  return { items: items.map(({ holder }): string => holder), next };
}
