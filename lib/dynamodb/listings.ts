/** The part of the store that lists: what a sweep looks through, and where it stopped. Decisions rest on none of it. */
import { SWEEP_PAGE_ITEMS } from '../protocol/limits.ts';
import { type ParentKey, type ParentKind, parseParentName } from '../protocol/model.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
import type { Listed, Page, PageKey, SweepCursor } from '../protocol/store.ts';
import { allOf, hasNoMarkedAt, isMarked, isNotTerminal, isNotToldToStop } from './conditions.ts';
import { Addresses, sweepCursorOf } from './items.ts';
import type { Requests } from './requests.ts';
import { MARKED_INDEX, PARENT_TABLES, type PhysicalNames } from './schema.ts';

export class Listings {
  protected readonly requests: Requests;
  protected readonly at: Addresses;
  protected readonly rules: Rules;

  constructor(requests: Requests, tables: PhysicalNames, rules: Rules = DEFAULT_RULES) {
    this.requests = requests;
    this.at = new Addresses(tables);
    this.rules = rules;
  }

  async listMarked(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>> {
    const { items, next } = await this.requests.scan({
      TableName: this.at.tables[PARENT_TABLES[kind].parents],
      IndexName: MARKED_INDEX.name,
      Limit: SWEEP_PAGE_ITEMS,
      ConsistentRead: false, // an index knows no other; the sweep only looks here, the proof reads the table
      ...(from && { ExclusiveStartKey: from }),
    });
    return { items: items.map(({ id, markedAt }) => ({ key: { kind, id }, markedAt, at: { id, markedAt } })), next };
  }

  async listUnstamped(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>> {
    const unstamped = allOf(isMarked, hasNoMarkedAt);
    const { items, next } = await this.requests.scan({
      TableName: this.at.tables[PARENT_TABLES[kind].parents],
      ConsistentRead: true,
      FilterExpression: unstamped.expression,
      ProjectionExpression: '#id',
      ExpressionAttributeNames: { ...unstamped.names, '#id': 'id' },
      ExpressionAttributeValues: { ...unstamped.values },
      ...(from && { ExclusiveStartKey: from }),
    });
    return { items: items.map(({ id }) => ({ key: { kind, id }, markedAt: undefined, at: { id } })), next };
  }

  async listCounters(from: PageKey | undefined): Promise<Page<Listed>> {
    const { items, next } = await this.requests.scan({
      TableName: this.at.tables.counters,
      Limit: SWEEP_PAGE_ITEMS,
      ConsistentRead: true,
      ...(from && { ExclusiveStartKey: from }),
    });
    const listed = items.flatMap(({ id }) => {
      const key = parseParentName(id);
      return key === undefined ? [] : [{ key, markedAt: undefined, at: { id } }];
    });
    return { items: listed, next };
  }

  async readSweepCursor(): Promise<SweepCursor | undefined> {
    const item = await this.requests.get({ ...this.at.sweepCursor(), ConsistentRead: true });
    return sweepCursorOf(item);
  }

  async writeSweepCursor(cursor: SweepCursor | undefined): Promise<void> {
    if (cursor === undefined) await this.requests.delete(this.at.sweepCursor());
    else
      await this.requests.update({
        ...this.at.sweepCursor(),
        UpdateExpression: 'SET #cursor = :cursor',
        ExpressionAttributeNames: { '#cursor': 'cursor' },
        ExpressionAttributeValues: { ':cursor': cursor },
      });
  }

  async listUnstopped(service: ParentKey, from: PageKey | undefined): Promise<Page<string>> {
    const { ExpressionAttributeNames, ExpressionAttributeValues, ...query } = this.at.childrenOf(service);
    const unstopped = this.rules.taskIsGone === 'terminal' ? allOf(isNotToldToStop, isNotTerminal) : isNotToldToStop;
    const { items, next } = await this.requests.query({
      ...query,
      ConsistentRead: true,
      FilterExpression: unstopped.expression,
      ProjectionExpression: '#id',
      ExpressionAttributeNames: { ...ExpressionAttributeNames, ...unstopped.names, '#id': 'id' },
      ExpressionAttributeValues: { ...ExpressionAttributeValues, ...unstopped.values },
      ...(from && { ExclusiveStartKey: from }),
    });
    return { items: items.map(({ id }) => id), next };
  }
}
