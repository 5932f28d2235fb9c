/**
 * What the people do in a story: one action of the typed client, or a raw write. The
 * simulation and the stories on the real engine draw from here, so that both tell the same ones.
 */
import { type DynamoDBDocumentClient, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DeallocatorClient } from '../../lib/client/index.ts';
import type { PhysicalNames } from '../../lib/dynamodb/schema.ts';
import type { KindPlan } from '../../lib/lifecycle/kind-plan.ts';
import { type ErrorCode, isDeallocatorError } from '../../lib/protocol/errors.ts';
import { service } from '../support/objects.ts';
import { PLAN } from '../support/swarmkit.ts';

export type Action =
  | { readonly do: 'createNetwork'; readonly id: string }
  | { readonly do: 'createService' | 'updateService'; readonly id: string; readonly networks: readonly string[] }
  | { readonly do: 'deleteTask' | 'endTask'; readonly serviceId: string; readonly id: string }
  | {
      readonly do: 'createTask' | 'rawCreateTask' | 'rawUpdateTask';
      readonly serviceId: string;
      readonly id: string;
      readonly networks?: readonly string[];
    }
  | { readonly do: 'mark' | 'undelete' | 'protect' | 'unprotect'; readonly kind: string; readonly id: string }
  | { readonly do: RawAction; readonly kind: string; readonly id: string }
  | { readonly do: 'rawCreateService'; readonly id: string; readonly networks: readonly string[] };

/** `rawMark`: without its time. `rawUndelete`: clears mark and time. `rawClearMark`: forgets the time. */
export type RawAction = 'rawMark' | 'rawUndelete' | 'rawClearMark';

/** Small worlds, so that the same objects meet often. */
export interface Cast {
  readonly services: readonly string[];
  readonly networks: readonly string[];
  readonly tasks: readonly string[];
  /** Whether there are raw writes too. */
  readonly raw: boolean;
  /** Whether most services are marked, and wait for their tasks. @default false */
  readonly drains?: boolean;
  /** Whether people protect things. @default false */
  readonly protects?: boolean;
  /** Whether tasks hold networks by themselves. @default false */
  readonly attachesTasks?: boolean;
  /** Whether tasks end in a terminal state before they are deleted. @default false */
  readonly ends?: boolean;
}

/** @param fraction in [0, 1) */
export function randomAction(cast: Cast, fraction: () => number): Action {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(fraction() * items.length)] as T;
  const some = () => cast.networks.filter(() => fraction() < 0.6);
  const kind = (): string => (cast.networks.length > 0 && fraction() < 0.4 ? 'network' : 'service');
  const parent = () => {
    const chosen = kind();
    return { kind: chosen, id: pick(chosen === 'service' ? cast.services : cast.networks) };
  };
  const task = () => ({ serviceId: pick(cast.services), id: pick(cast.tasks) });
  const choices: readonly (readonly [weight: number, choose: () => Action])[] = [
    [cast.networks.length > 0 ? 2 : 0, () => ({ do: 'createNetwork', id: pick(cast.networks) })],
    [3, () => ({ do: 'createService', id: pick(cast.services), networks: some() })],
    [1, () => ({ do: 'updateService', id: pick(cast.services), networks: some() })],
    [3, () => ({ do: 'createTask', ...task(), ...(cast.attachesTasks && { networks: some() }) })],
    [cast.drains ? 20 : 5, () => ({ do: 'deleteTask', ...task() })],
    [4, () => ({ do: 'mark', ...parent() })],
    [1, () => ({ do: 'undelete', ...parent() })],
    [cast.protects ? 1 : 0, () => ({ do: 'protect', ...parent() })],
    [cast.protects ? 2 : 0, () => ({ do: 'unprotect', ...parent() })],
    [cast.ends ? 4 : 0, () => ({ do: 'endTask', ...task() })],
    [cast.raw ? 1 : 0, () => ({ do: pick(['rawMark', 'rawUndelete', 'rawClearMark'] as const), ...parent() })],
    [cast.raw && cast.attachesTasks ? 2 : 0, () => ({ do: 'rawCreateTask', ...task(), networks: some() })],
    [cast.raw && cast.attachesTasks ? 1 : 0, () => ({ do: 'rawUpdateTask', ...task(), networks: some() })],
    [cast.raw ? 1 : 0, () => ({ do: 'rawCreateService', id: pick(cast.services), networks: some() })],
  ];
  let dice = fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
  const chosen = choices.find(([weight]) => {
    dice -= weight;
    return dice < 0;
  });
  return (chosen?.[1] ?? (() => ({ do: 'createService', id: pick(cast.services), networks: some() })))();
}

/** Answers that a writer must be ready for; any other failure is a bug and is thrown. */
const REFUSALS: readonly ErrorCode[] = ['NotFound', 'AlreadyExists', 'FailedPrecondition', 'Aborted', 'Unavailable'];

/** What a raw writer is answered where a condition of its own is false. */
const RAW_REFUSALS = ['ConditionalCheckFailedException', 'TransactionCanceledException'];

/** @param db over the same tables, for the raw writes */
export async function perform(
  client: DeallocatorClient,
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  action: Action,
): Promise<'done' | ErrorCode> {
  try {
    await start(client, db, tables, action);
    return 'done';
  } catch (error) {
    if (error instanceof Error && RAW_REFUSALS.includes(error.name)) return 'FailedPrecondition';
    if (isDeallocatorError(error) && REFUSALS.includes(error.code)) return error.code;
    throw error;
  }
}

async function start(
  client: DeallocatorClient,
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  action: Action,
): Promise<unknown> {
  switch (action.do) {
    case 'createNetwork':
      return client.createNetwork({ id: action.id });
    case 'createService':
      return client.createService(service(action.id, action.networks));
    case 'updateService':
      return client.updateService(action.id, () => service(action.id, action.networks).spec);
    case 'createTask':
      return client.createTask(action.serviceId, { id: action.id, ...networksOf(action) });
    case 'deleteTask':
      return client.deleteTask(action.serviceId, action.id);
    case 'mark':
      return action.kind === 'service'
        ? client.removeService(action.id)
        : client.removeNetwork(action.id, { whenInUse: 'wait' });
    case 'undelete':
      return action.kind === 'service' ? client.undeleteService(action.id) : client.undeleteNetwork(action.id);
    case 'protect':
      return action.kind === 'service' ? client.protectService(action.id) : client.protectNetwork(action.id);
    case 'unprotect':
      return action.kind === 'service' ? client.unprotectService(action.id) : client.unprotectNetwork(action.id);
    case 'endTask':
      return db.send(
        new UpdateCommand({
          TableName: tables.tasks,
          Key: { serviceId: action.serviceId, id: action.id },
          UpdateExpression: 'SET #status = :ended',
          ConditionExpression: 'attribute_exists(id)',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: { ':ended': { state: 'complete' } },
        }),
      );
    case 'rawCreateTask':
    case 'rawUpdateTask':
      // A task without a service would be the raw writer's own fault, and is not what these stories are about.
      return db.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              ConditionCheck: {
                TableName: tables.services,
                Key: { id: action.serviceId },
                ConditionExpression: 'attribute_exists(id) AND attribute_not_exists(pendingDelete)',
              },
            },
            {
              Put: {
                TableName: tables.tasks,
                // A sign for the watch, which sees no more than the tables.
                Item: { serviceId: action.serviceId, id: action.id, writtenRaw: true, ...networksOf(action) },
                ConditionExpression: `attribute_${action.do === 'rawCreateTask' ? 'not_' : ''}exists(id)`,
              },
            },
          ],
        }),
      );
    case 'rawCreateService':
      return db.send(
        new PutCommand({
          TableName: tables.services,
          Item: service(action.id, action.networks),
          ConditionExpression: 'attribute_not_exists(id)',
        }),
      );
    default:
      return db.send(
        new UpdateCommand({
          TableName: tables[(PLAN.kinds[action.kind] as KindPlan).table],
          Key: { id: action.id },
          ...RAW_UPDATES[action.do],
        }),
      );
  }
}

function networksOf({ networks }: { readonly networks?: readonly string[] }) {
  return networks === undefined ? {} : { networks: networks.map((target) => ({ target })) };
}

const RAW_UPDATES = {
  rawMark: {
    UpdateExpression: 'SET pendingDelete = :true',
    ConditionExpression: 'attribute_exists(id)',
    ExpressionAttributeValues: { ':true': true },
  },
  rawUndelete: { UpdateExpression: 'REMOVE pendingDelete, markedAt', ConditionExpression: 'attribute_exists(id)' },
  rawClearMark: { UpdateExpression: 'REMOVE pendingDelete', ConditionExpression: 'attribute_exists(id)' },
} as const;

/** One line of a story. */
export function tell(action: Action): string {
  switch (action.do) {
    case 'createNetwork':
      return `create network ${action.id}`;
    case 'createService':
    case 'updateService':
    case 'rawCreateService':
      return `${action.do} ${action.id} on [${action.networks.join(', ')}]`;
    case 'createTask':
    case 'rawCreateTask':
    case 'rawUpdateTask': {
      const on = action.networks === undefined ? '' : ` on [${action.networks.join(', ')}]`;
      return `${action.do} ${action.serviceId}/${action.id}${on}`;
    }
    case 'deleteTask':
    case 'endTask':
      return `${action.do} ${action.serviceId}/${action.id}`;
    default:
      return `${action.do} ${action.kind} ${action.id}`;
  }
}
