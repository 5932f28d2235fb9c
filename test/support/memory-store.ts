/** The store of the simulation: the same sentences as `lib/dynamodb`, over tables in memory. */
import { isDeepStrictEqual } from 'node:util';
import { PARENT_TABLES, SWEEP_CURSOR_ID } from '../../lib/dynamodb/schema.ts';
import {
  type Counter,
  KINDS,
  type MarkedParent,
  networkLists,
  type Parent,
  type ParentKey,
  type ParentKind,
  parentName,
  parseParentName,
  referencedNetworks,
} from '../../lib/protocol/model.ts';
import type {
  Closed,
  Finalization,
  Healing,
  Listed,
  Page,
  PageKey,
  Recounted,
  Store,
  SweepCursor,
  Transacted,
} from '../../lib/protocol/store.ts';
import type { Item, MemoryTables } from './memory-tables.ts';

export class MemoryStore implements Store {
  readonly #tables: MemoryTables;
  readonly #pageItems: number;

  constructor(tables: MemoryTables, pageItems = 500) {
    this.#tables = tables;
    this.#pageItems = pageItems;
  }

  async findDraining(parents: readonly ParentKey[]): Promise<Set<string>> {
    return new Set(parents.map(parentName).filter((id) => this.#tables.get('counters', { id }) !== undefined));
  }

  async openCounter(parent: ParentKey, fresh: { epoch: string; openedAt: string }): Promise<Counter> {
    const found = this.#counter(parent);
    if (found !== undefined) return found;
    this.#tables.put('counters', { id: parentName(parent), remaining: 0, ...fresh });
    return { remaining: 0, epoch: fresh.epoch };
  }

  async decrement(parent: ParentKey, by: number): Promise<Counter | undefined> {
    const counter = this.#counter(parent);
    return counter && this.#write(parent, { ...counter, remaining: counter.remaining - by });
  }

  async readParent(key: ParentKey): Promise<Parent | undefined> {
    const item = this.#tables.get(PARENT_TABLES[key.kind].parents, { id: key.id });
    if (item === undefined) return undefined;
    const lists = networkLists(item.spec);
    return {
      key,
      pendingDelete: item.pendingDelete === true,
      markedAt: item.markedAt as string | undefined,
      references: KINDS[key.kind].refersTo === undefined ? [] : referencedNetworks(key.id, lists),
      lists,
    };
  }

  async stampMark({ kind, id }: ParentKey, markedAt: string): Promise<void> {
    const table = PARENT_TABLES[kind].parents;
    const item = this.#tables.get(table, { id });
    if (item?.pendingDelete === true && item.markedAt === undefined) this.#tables.put(table, { ...item, markedAt });
  }

  async unstampMark({ kind, id }: ParentKey, markedAt: string): Promise<void> {
    const table = PARENT_TABLES[kind].parents;
    const item = this.#tables.get(table, { id });
    if (item === undefined || item.pendingDelete === true || item.markedAt !== markedAt) return;
    const { markedAt: _gone, ...rest } = item;
    this.#tables.put(table, rest);
  }

  async closeCounter(parent: ParentKey, epoch: string): Promise<Closed> {
    const counter = this.#counter(parent);
    if (counter === undefined) return 'gone';
    if (counter.epoch !== epoch) return 'other epoch';
    this.#tables.delete('counters', { id: parentName(parent) });
    return 'done';
  }

  async countChildren(parent: ParentKey, most: number): Promise<number> {
    const owner = parent.kind === 'service' ? 'serviceId' : 'networkId';
    const children = this.#tables.list(PARENT_TABLES[parent.kind].children);
    return Math.min(most, children.filter((child) => child[owner] === parent.id).length);
  }

  async recount(parent: ParentKey, epoch: string, add: number, fresh: string): Promise<Recounted> {
    const counter = this.#counter(parent);
    if (counter?.epoch !== epoch) return { status: 'failed', found: counter };
    return { status: 'done', counter: this.#write(parent, { remaining: counter.remaining + add, epoch: fresh }) };
  }

  async listAttached(network: ParentKey, most: number): Promise<string[]> {
    const attachments = this.#tables.list('attachments').filter(({ networkId }) => networkId === network.id);
    return attachments.slice(0, most).map(({ serviceId }) => serviceId as string);
  }

  async finalize({ parent, detached, freed }: Finalization): Promise<Transacted> {
    const { kind, id } = parent.key;
    const item = this.#tables.get(PARENT_TABLES[kind].parents, { id });
    const asRead = KINDS[kind].refersTo === undefined || isDeepStrictEqual(networkLists(item?.spec), parent.lists);
    if (!asRead || ![parent, ...freed].every((marked) => this.#isMarkedAsRead(marked))) return 'cancelled';
    this.#tables.step([
      ...[parent, ...freed].flatMap(({ key }) => [
        { table: PARENT_TABLES[key.kind].parents, keys: { id: key.id }, item: undefined },
        { table: 'counters' as const, keys: { id: parentName(key) }, item: undefined },
      ]),
      ...detached.map((network) => ({
        table: 'attachments' as const,
        keys: { networkId: network.id, serviceId: id },
        item: undefined,
      })),
    ]);
    return 'committed';
  }

  async readAttachments(service: ParentKey, networks: readonly string[]): Promise<Set<string>> {
    const isThere = (networkId: string) => this.#tables.get('attachments', { networkId, serviceId: service.id });
    return new Set(networks.filter(isThere));
  }

  async heal({ service, asRead, put, remove }: Healing): Promise<Transacted> {
    const now = await this.readParent(service);
    const isAsRead =
      now === undefined || asRead === undefined ? now === asRead : isDeepStrictEqual(now.lists, asRead.lists);
    if (!isAsRead) return 'cancelled';
    const write = (networkId: string, isPut: boolean) => {
      const keys = { networkId, serviceId: service.id };
      return { table: 'attachments' as const, keys, item: isPut ? keys : undefined };
    };
    this.#tables.step([...put.map((id) => write(id, true)), ...remove.map((id) => write(id, false))]);
    return 'committed';
  }

  async listMarked(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>> {
    const marked = this.#tables.list(PARENT_TABLES[kind].parents).filter(({ markedAt }) => markedAt !== undefined);
    return this.#page(marked, from, ({ id, markedAt }) => ({
      key: { kind, id: id as string },
      markedAt: markedAt as string,
      at: { id: id as string, markedAt: markedAt as string },
    }));
  }

  async listUnstamped(kind: ParentKind, from: PageKey | undefined): Promise<Page<Listed>> {
    const isUnstamped = ({ pendingDelete, markedAt }: Item) => pendingDelete === true && markedAt === undefined;
    const unstamped = this.#tables.list(PARENT_TABLES[kind].parents).filter(isUnstamped);
    return this.#page(unstamped, from, ({ id }) => ({
      key: { kind, id: id as string },
      markedAt: undefined,
      at: { id: id as string },
    }));
  }

  async listCounters(from: PageKey | undefined): Promise<Page<Listed>> {
    const counters = this.#tables.list('counters').filter(({ id }) => parseParentName(id as string) !== undefined);
    return this.#page(counters, from, ({ id }) => ({
      key: parseParentName(id as string) as ParentKey,
      markedAt: undefined,
      at: { id: id as string },
    }));
  }

  async readSweepCursor(): Promise<SweepCursor | undefined> {
    return this.#tables.get('counters', { id: SWEEP_CURSOR_ID })?.cursor as SweepCursor | undefined;
  }

  async writeSweepCursor(cursor: SweepCursor | undefined): Promise<void> {
    if (cursor === undefined) this.#tables.delete('counters', { id: SWEEP_CURSOR_ID });
    else this.#tables.put('counters', { id: SWEEP_CURSOR_ID, cursor });
  }

  #page(items: Item[], from: PageKey | undefined, listed: (item: Item) => Listed): Page<Listed> {
    const ordered = items.map(listed).sort((a, b) => ((a.at.id ?? '') < (b.at.id ?? '') ? -1 : 1));
    const rest = ordered.filter(({ at }) => from === undefined || (at.id ?? '') > (from.id ?? ''));
    const page = rest.slice(0, this.#pageItems);
    return { items: page, next: rest.length > page.length ? page.at(-1)?.at : undefined };
  }

  #counter(parent: ParentKey): Counter | undefined {
    const item = this.#tables.get('counters', { id: parentName(parent) });
    return item && { remaining: item.remaining as number, epoch: item.epoch as string };
  }

  #write(parent: ParentKey, counter: Counter): Counter {
    const id = parentName(parent);
    this.#tables.put('counters', { ...this.#tables.get('counters', { id }), id, ...counter });
    return counter;
  }

  #isMarkedAsRead({ key, markedAt }: MarkedParent): boolean {
    const item = this.#tables.get(PARENT_TABLES[key.kind].parents, { id: key.id });
    return item?.pendingDelete === true && item.markedAt === markedAt;
  }
}
