/** Creates tasks behind the fence, and deletes them plainly. */
import { conditioned, isNotThere } from '../dynamodb/conditions.ts';
import { Addresses } from '../dynamodb/items.ts';
import type { Action, Requests } from '../dynamodb/requests.ts';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_WRITE_ITEMS_MAX, BLOCKERS_NAMED_MAX, TASKS_PER_TRANSACTION_MAX } from '../protocol/limits.ts';
import { chunks } from '../protocol/parallel.ts';
import { checkId, checkLimit, checkList, checkNew, checkOptions, invalid } from './checks.ts';
import { fence } from './fence.ts';
import { unfit } from './refusals.ts';
import type { ListOptions, ListPage, NewTask, Task } from './types.ts';

export class Tasks {
  readonly #requests: Requests;
  readonly #at: Addresses;

  constructor(requests: Requests, tables: PhysicalNames) {
    this.#requests = requests;
    this.#at = new Addresses(tables);
  }

  async create(serviceId: string, tasks: readonly NewTask[]): Promise<void> {
    checkId('service', serviceId);
    checkList('tasks', tasks);
    for (const task of tasks) checkNew('task', task);
    checkDistinct(tasks.map(({ id }) => id));
    const done: string[] = [];
    // One after another: transactions that check the same service conflict with each other.
    for (const some of chunks(tasks, TASKS_PER_TRANSACTION_MAX)) {
      try {
        await this.#createTogether(serviceId, some);
      } catch (error) {
        throw withDone(error, done);
      }
      done.push(...some.map(({ id }) => id));
    }
  }

  async delete(serviceId: string, ids: readonly string[]): Promise<void> {
    checkId('service', serviceId);
    checkList('ids', ids);
    for (const id of ids) checkId('task', id);
    const givenUp = (left: number, tries: number) =>
      `${left} tasks of service ${serviceId} were left undeleted ${tries} times; delete them again later`;
    const done: string[] = [];
    for (const some of chunks([...new Set(ids)], BATCH_WRITE_ITEMS_MAX)) {
      try {
        const keys = some.map((id) => ({ serviceId, id }));
        await this.#requests.batchDelete(this.#at.tables.tasks, keys, givenUp);
      } catch (error) {
        throw withDone(error, done);
      }
      done.push(...some);
    }
  }

  async list(serviceId: string, options: ListOptions = {}): Promise<ListPage<Task>> {
    checkId('service', serviceId);
    checkOptions(options);
    const { items, next } = await this.#requests.query({
      ...this.#at.childrenOf({ kind: 'service', id: serviceId }),
      ConsistentRead: true,
      Limit: checkLimit(options.limit),
      ...(options.from && { ExclusiveStartKey: options.from }),
    });
    return { items: items as Task[], ...(next && { next }) };
  }

  async #createTogether(serviceId: string, tasks: readonly NewTask[]): Promise<void> {
    const puts = tasks.map((task): Action => {
      return { Put: { TableName: this.#at.tables.tasks, Item: { ...task, serviceId }, ...conditioned(isNotThere) } };
    });
    const created = await this.#requests.transact([
      fence(this.#at.parent({ kind: 'service', id: serviceId })),
      ...puts,
    ]);
    if (created.status === 'committed') return;
    const isRefused = created.places.find(({ place }) => place === 0);
    const names = tasks.length === 1 ? `task ${tasks[0]?.id} was` : `its ${tasks.length} new tasks were`;
    if (isRefused) throw unfit('service', serviceId, isRefused.found, `${names} not created`);
    const existing = created.places.map(({ place }) => tasks[place - 1]?.id);
    throw new DeallocatorError(
      'AlreadyExists',
      `service ${serviceId} has task ${existing.slice(0, BLOCKERS_NAMED_MAX).join(', ')} already, so ${names} not created; choose other ids`,
    );
  }
}

function checkDistinct(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw invalid(`task ${id} was given twice; ids are unique among the tasks of a service`);
    seen.add(id);
  }
}

/** A bulk request that stopped on its way says what was done before. */
function withDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof DeallocatorError) || done.length === 0) return error;
  const { code, message, cause, blockers } = error;
  return new DeallocatorError(code, `${message} (${done.length} before it were done)`, { cause, blockers, done });
}
