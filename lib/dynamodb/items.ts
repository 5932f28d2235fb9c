/** Where each item lives, and how a stored item is read. */
import { DeallocatorError } from '../protocol/errors.ts';
import {
  type Counter,
  KINDS,
  networkLists,
  type Parent,
  type ParentKey,
  parentName,
  referencedNetworks,
} from '../protocol/model.ts';
import type { Item, Key } from './requests.ts';
import { PARENT_TABLES, type PhysicalNames, SWEEP_CURSOR_ID, TABLES } from './schema.ts';

export interface Address {
  readonly TableName: string;
  readonly Key: Key;
}

export class Addresses {
  readonly tables: PhysicalNames;

  constructor(tables: PhysicalNames) {
    this.tables = tables;
  }

  counter(parent: ParentKey): Address {
    return { TableName: this.tables.counters, Key: { [TABLES.counters.partitionKey]: parentName(parent) } };
  }

  sweepCursor(): Address {
    return { TableName: this.tables.counters, Key: { [TABLES.counters.partitionKey]: SWEEP_CURSOR_ID } };
  }

  parent({ kind, id }: ParentKey): Address {
    const table = PARENT_TABLES[kind].parents;
    return { TableName: this.tables[table], Key: { [TABLES[table].partitionKey]: id } };
  }

  attachment(networkId: string, serviceId: string): Address {
    return { TableName: this.tables.attachments, Key: { networkId, serviceId } };
  }

  /** The parameters of a query for a parent's children. */
  childrenOf(parent: ParentKey) {
    const table = PARENT_TABLES[parent.kind].children;
    return {
      TableName: this.tables[table],
      KeyConditionExpression: '#parent = :parent',
      ExpressionAttributeNames: { '#parent': TABLES[table].partitionKey },
      ExpressionAttributeValues: { ':parent': parent.id },
    };
  }
}

export function parentOf(key: ParentKey, item: Item): Parent {
  const refers = KINDS[key.kind].refersTo !== undefined;
  const lists = networkLists(item.spec);
  return {
    key,
    pendingDelete: item.pendingDelete === true,
    markedAt: item.markedAt,
    references: refers ? referencedNetworks(key.id, lists) : [],
    lists,
  };
}

/** A counter that holds anything else than we wrote is none to count with: better no decision than a wrong one. */
export function counterOf(item: Item | undefined): Counter {
  const { remaining, epoch } = item ?? {};
  if (!Number.isInteger(remaining) || typeof epoch !== 'string') {
    throw new DeallocatorError(
      'InvalidArgument',
      `the counter ${item?.id} holds remaining ${remaining} and epoch ${epoch}, which the deallocator never writes; ` +
        'delete it, and the next sweep opens a right one',
    );
  }
  return { remaining, epoch };
}
