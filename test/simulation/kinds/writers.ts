/**
 * What people do to items of any kinds, by requests of their own: behind the fence, as `docs/design.md §3` has it, or raw. They use the
 * SDK alone, so that a mistake of ours is not made twice.
 */
import {
  DeleteCommand,
  GetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { attributesOf } from '../../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import { liesUnder } from '../../../lib/lifecycle/parents.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { heldBy, isGone } from '../../../lib/lifecycle/references.ts';
import type { Item, MemoryTables } from '../../../lib/testing/memory/tables.ts';
import type { Place } from '../../../lib/testing/simulation/place.ts';
import type { Process } from '../../../lib/testing/simulation/processes.ts';
import { drawHeld, itemOf, type KindsCast } from './cast.ts';

export type KindsAction =
  /** `rawCreate`: with no fence around what it holds, and no attachments. */
  | { readonly do: 'create' | 'rawCreate' | 'update'; readonly key: ItemKey; readonly held: readonly ItemKey[] }
  | { readonly do: 'delete' | 'end' | ByMark; readonly key: ItemKey };
type ByMark = 'mark' | 'undelete' | 'protect' | 'unprotect' | 'rawMark' | 'rawUndelete';

/** How often each is drawn. */
const WEIGHTS: Readonly<Record<KindsAction['do'], number>> = {
  create: 5,
  update: 1,
  delete: 5,
  end: 3,
  mark: 4,
  undelete: 1,
  protect: 1,
  unprotect: 2,
  rawMark: 1,
  rawUndelete: 0.5,
  rawCreate: 1,
};
const ACTION_DRAWS_MAX = 4;

export function drawKindsAction(
  cast: KindsCast,
  tables: Record<string, readonly Item[]>,
  draw: () => number,
): KindsAction {
  let action = randomAction(cast, draw);
  for (let draws = 1; draws < ACTION_DRAWS_MAX && !canBeDone(cast.plan, action, tables); draws++) {
    action = randomAction(cast, draw);
  }
  return action;
}

function randomAction(cast: KindsCast, draw: () => number): KindsAction {
  const { plan, keys, raw, protects } = cast;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(draw() * all.length)] as T;
  for (;;) {
    const weights = Object.entries(WEIGHTS) as [KindsAction['do'], number][];
    let dice = draw() * weights.reduce((sum, [, weight]) => sum + weight, 0);
    const [what] = weights.find(([, weight]) => {
      dice -= weight;
      return dice < 0;
    }) ?? ['create' as const];
    const key = pick(keys.get(pick([...keys.keys()])) ?? []);
    const { isGuarded, holds, goneWhen } = plan.kinds[key.kind] as Plan['kinds'][string];
    const isFit = {
      create: true,
      rawCreate: raw && holds.length > 0,
      update: holds.length > 0,
      delete: !isGuarded,
      end: goneWhen !== undefined,
      mark: isGuarded,
      undelete: isGuarded,
      protect: isGuarded && protects,
      unprotect: isGuarded && protects,
      rawMark: isGuarded && raw,
      rawUndelete: isGuarded && raw,
    }[what];
    if (!isFit) continue;
    if (what === 'create' || what === 'rawCreate' || what === 'update') {
      return { do: what, key, held: drawHeld(cast, key, draw) };
    }
    return { do: what, key };
  }
}

/** As far as a look at the tables tells; another process may be faster. */
function canBeDone(plan: Plan, action: KindsAction, tables: Record<string, readonly Item[]>): boolean {
  const find = (key: ItemKey) => {
    const wanted = Object.entries(attributesOf(plan, key));
    return tables[plan.kinds[key.kind]?.table as string]?.find((item) =>
      wanted.every(([name, value]) => item[name] === value),
    );
  };
  const { pendingDelete } = plan.attributes;
  const found = find(action.key);
  const isMarked = found?.[pendingDelete] === true;
  const isFree = (key: ItemKey) => find(key) !== undefined && find(key)?.[pendingDelete] !== true;
  switch (action.do) {
    case 'create':
    case 'rawCreate':
      return found === undefined && [...parentsOf(plan, action.key), ...action.held].every(isFree);
    case 'update':
      return found !== undefined && !isMarked && action.held.every(isFree);
    case 'mark':
    case 'rawMark':
      return found !== undefined && !isMarked;
    case 'undelete':
    case 'rawUndelete':
      return isMarked;
    default:
      return found !== undefined;
  }
}

function parentsOf(plan: Plan, key: ItemKey): ItemKey[] {
  return liesUnder(plan, key.kind, attributesOf(plan, key));
}

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** @returns `done`, or by which name it was refused */
export async function performKindsAction(plan: Plan, place: Place, action: KindsAction): Promise<string> {
  const writer = new Writer(plan, place);
  try {
    return (await writer.do(action)) ? 'done' : 'NotFound';
  } catch (error) {
    const { name } = error as Error;
    if (REFUSALS.includes(name)) return name;
    throw error;
  }
}

const REFUSALS = [
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
  'TransactionConflictException',
  'ThrottlingException',
  'InternalServerError',
  'TimeoutError',
  'AccessDeniedException',
];

const TRUE = { ':true': true };

class Writer {
  readonly #plan: Plan;
  readonly #place: Place;

  constructor(plan: Plan, place: Place) {
    this.#plan = plan;
    this.#place = place;
  }

  async do(action: KindsAction): Promise<boolean> {
    const { key } = action;
    const { raw } = this.#place;
    const { pendingDelete, markedAt, protected: shield } = this.#plan.attributes;
    const at = this.#at(key);
    const update = (expression: string, more = {}) => ({
      ...at,
      UpdateExpression: expression,
      ConditionExpression: 'attribute_exists(#key)',
      ExpressionAttributeNames: { '#key': this.#keyName(key), '#mark': pendingDelete, '#at': markedAt },
      ...more,
    });
    switch (action.do) {
      case 'create':
        return this.#transact([
          this.#put(key, action.held),
          ...this.#fences([...parentsOf(this.#plan, key), ...action.held]),
          ...this.#attach(key, action.held),
        ]);
      case 'rawCreate':
        // To come under a parent without a fence would be the raw writer's own fault, and is not what these stories are about.
        return this.#transact([
          this.#put(key, action.held, { writtenRaw: true }),
          ...this.#fences(parentsOf(this.#plan, key)),
        ]);
      case 'update':
        return await this.#update(key, action.held);
      case 'delete':
        await raw.send(new DeleteCommand(at));
        return true;
      case 'end':
        return this.#end(key);
      case 'mark': {
        const { process } = this.#place as { readonly process: Process };
        const now = `${new Date(process.clockEpochMillis()).toISOString()}#${process.fresh()}`;
        return this.#transact([
          {
            Update: {
              ...update('SET #mark = :true, #at = :now'),
              ConditionExpression: `attribute_exists(#key) AND ${NOT_MARKED} AND (attribute_not_exists(#shield) OR #shield <> :true)`,
              ExpressionAttributeNames: { ...update('').ExpressionAttributeNames, '#shield': shield },
              ExpressionAttributeValues: { ...TRUE, ':now': now },
            },
          },
        ]);
      }
      case 'undelete':
        return this.#transact([
          {
            Update: {
              ...update('REMOVE #mark, #at'),
              ConditionExpression: 'attribute_exists(#key) AND #mark = :true',
              ExpressionAttributeValues: TRUE,
            },
          },
        ]);
      case 'protect':
      case 'unprotect': {
        const names = { '#key': this.#keyName(key), '#shield': shield };
        const isProtect = action.do === 'protect';
        return this.#transact([
          {
            Update: {
              ...update(isProtect ? 'SET #shield = :true' : 'REMOVE #shield', { ExpressionAttributeNames: names }),
              ...(isProtect && { ExpressionAttributeValues: TRUE }),
            },
          },
        ]);
      }
      default: {
        const isMark = action.do === 'rawMark';
        const names = { '#key': this.#keyName(key), '#mark': pendingDelete, ...(!isMark && { '#at': markedAt }) };
        await raw.send(
          new UpdateCommand({
            ...update(isMark ? 'SET #mark = :true' : 'REMOVE #mark, #at', { ExpressionAttributeNames: names }),
            ...(isMark && { ExpressionAttributeValues: TRUE }),
          }),
        );
        return true;
      }
    }
  }

  #at({ kind, ...rest }: ItemKey) {
    const table = this.#plan.kinds[kind]?.table as string;
    return { TableName: this.#place.tables[table] as string, Key: { ...attributesOf(this.#plan, { kind, ...rest }) } };
  }

  #keyName({ kind }: ItemKey): string {
    return Object.keys(this.#plan.kinds[kind]?.key ?? {})[0] as string;
  }

  async #transact(TransactItems: Actions): Promise<true> {
    await this.#place.raw.send(new TransactWriteCommand({ TransactItems }));
    return true;
  }

  #put(key: ItemKey, held: readonly ItemKey[], more: Item = {}): Actions[number] {
    return {
      Put: {
        TableName: this.#at(key).TableName,
        Item: { ...itemOf(this.#plan, key, held), ...more },
        ConditionExpression: 'attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': this.#keyName(key) },
      },
    };
  }

  /** Each is there, and not marked. */
  #fences(keys: readonly ItemKey[]): Actions {
    return [...new Map(keys.map((key) => [itemName(key), key])).values()].map((key) => ({
      ConditionCheck: {
        ...this.#at(key),
        ConditionExpression: `attribute_exists(#key) AND ${NOT_MARKED}`,
        ExpressionAttributeNames: { '#key': this.#keyName(key), '#mark': this.#plan.attributes.pendingDelete },
        ExpressionAttributeValues: TRUE,
      },
    }));
  }

  #attach(holder: ItemKey, held: readonly ItemKey[]): Actions {
    const TableName = this.#place.tables.attachments;
    return held.map((one) => ({ Put: { TableName, Item: { held: itemName(one), holder: itemName(holder) } } }));
  }

  async #update(key: ItemKey, held: readonly ItemKey[]): Promise<boolean> {
    const plan = this.#plan;
    const planned = plan.kinds[key.kind] as Plan['kinds'][string];
    const at = this.#at(key);
    const { Item: found } = await this.#place.raw.send(new GetCommand({ ...at, ConsistentRead: true }));
    if (found === undefined || isGone(planned, found)) return false;
    const item = itemOf(plan, key, held);
    const before = new Set(heldBy(plan, key.kind, found).map(itemName));
    const names = new Set(held.map(itemName));
    const roots = [...new Set(planned.holds.flatMap(({ paths }) => paths.map(rootOf)))];
    const decisive = planned.goneWhen === undefined ? roots : [...new Set([...roots, rootOf(planned.goneWhen.at)])];
    const set = roots.filter((root) => item[root] !== undefined);
    const removed = roots.filter((root) => item[root] === undefined);
    const isAsRead = decisive.map((root) =>
      found[root] === undefined ? `attribute_not_exists(#${root})` : `#${root} = :read${root}`,
    );
    const TableName = this.#place.tables.attachments;
    return this.#transact([
      {
        Update: {
          ...at,
          UpdateExpression: [
            ...(set.length > 0 ? [`SET ${set.map((root) => `#${root} = :${root}`).join(', ')}`] : []),
            ...(removed.length > 0 ? [`REMOVE ${removed.map((root) => `#${root}`).join(', ')}`] : []),
          ].join(' '),
          ConditionExpression: ['attribute_exists(#key)', NOT_MARKED, ...isAsRead].join(' AND '),
          ExpressionAttributeNames: {
            ...{ '#key': this.#keyName(key), '#mark': plan.attributes.pendingDelete },
            ...Object.fromEntries(decisive.map((root) => [`#${root}`, root])),
          },
          ExpressionAttributeValues: {
            ...TRUE,
            ...Object.fromEntries(set.map((root) => [`:${root}`, item[root]])),
            ...Object.fromEntries(
              decisive.filter((root) => found[root] !== undefined).map((root) => [`:read${root}`, found[root]]),
            ),
          },
        },
      },
      ...this.#fences(held.filter((one) => !before.has(itemName(one)))),
      ...this.#attach(
        key,
        held.filter((one) => !before.has(itemName(one))),
      ),
      ...[...before]
        .filter((name) => !names.has(name))
        .map((name) => ({ Delete: { TableName, Key: { held: name, holder: itemName(key) } } })),
    ]);
  }

  async #end(key: ItemKey): Promise<boolean> {
    const { goneWhen } = this.#plan.kinds[key.kind] as Plan['kinds'][string];
    const [root = '', ...rest] = (goneWhen?.at ?? '').split('.');
    const text: unknown = goneWhen?.isOneOf[0];
    await this.#place.raw.send(
      new UpdateCommand({
        ...this.#at(key),
        UpdateExpression: 'SET #root = :ended',
        ConditionExpression: 'attribute_exists(#key)',
        ExpressionAttributeNames: { '#key': this.#keyName(key), '#root': root },
        ExpressionAttributeValues: { ':ended': rest.reduceRight((inner, name) => ({ [name]: inner }), text) },
      }),
    );
    return true;
  }
}

const NOT_MARKED = '(attribute_not_exists(#mark) OR #mark <> :true)';

const rootOf = (path: string) => path.split(/[.[]/)[0] as string;

/** One line of a story. */
export function tellKindsAction(action: KindsAction): string {
  const held = 'held' in action ? ` holding [${action.held.map(itemName).join(', ')}]` : '';
  return `${action.do} ${itemName(action.key)}${held}`;
}

export type Tables = ReturnType<MemoryTables['world']> & Record<string, readonly Item[]>;
