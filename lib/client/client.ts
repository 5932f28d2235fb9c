/** The typed write side. All of its writes keep the fence, so the deallocator's promises hold in full. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { connectPlainly } from '../dynamodb/client.ts';
import { type Database, openDatabase } from '../dynamodb/database.ts';
import { checkOptions } from '../protocol/arguments.ts';
import { DEFAULT_RULES } from '../protocol/rules.ts';
import { checkClient, checkTables } from './checks.ts';
import { refuseIfInUse } from './in-use.ts';
import { type DeallocatorClientOptions, type EnvironmentOptions, optionsFrom } from './options.ts';
import { Parents } from './parents.ts';
import { Tasks } from './tasks.ts';
import { createTogether, type FoundObjects, findTogether, type NewObjects, type ObjectKeys } from './together.ts';
import type {
  Declared,
  ListOptions,
  ListPage,
  Marked,
  Network,
  NetworkSpec,
  NewNetwork,
  NewService,
  NewTask,
  Protection,
  Removal,
  RemoveNetworkOptions,
  Service,
  ServiceSpec,
  Task,
  Undeletion,
} from './types.ts';

/**
 * Creates, changes, marks and reads services, networks and tasks. It deletes nothing but tasks: a removal is a mark, and the
 * deallocator deletes what is marked when nothing uses it any more.
 *
 * Every method fails with a `DeallocatorError` whose `code` says who must act. After a conflict, throttling or a lost answer
 * the client itself tries again, up to 8 times in all.
 *
 * ```ts
 * const client = new DeallocatorClient({ tables });
 * await client.createNetwork({ id: 'front' });
 * await client.createService({ id: 'web', spec: { task: { networks: [{ target: 'front' }] } } });
 * await client.createTasks('web', [{ id: 'web.1' }, { id: 'web.2' }]);
 * await client.removeService('web'); // marked; it goes with its last task
 * ```
 */
export class DeallocatorClient {
  readonly #database: Database;
  readonly #services: Parents<Service, ServiceSpec>;
  readonly #networks: Parents<Network, NetworkSpec>;
  readonly #tasks: Tasks;

  /**
   * The client for what `deallocator.connect(fn)` has set: in a connected function, and wherever the environment variable
   * `DEALLOCATOR_CONFIG` holds the line of JSON that the local cloud prints, or names a file with it.
   * `FailedPrecondition` where it is not set, `InvalidArgument` for what it holds.
   *
   * ```ts
   * const client = DeallocatorClient.fromEnvironment();
   * ```
   */
  static fromEnvironment(options: EnvironmentOptions = {}): DeallocatorClient {
    return new DeallocatorClient(optionsFrom(options));
  }

  /** `InvalidArgument` unless it has the names of all six tables. */
  constructor(options: DeallocatorClientOptions) {
    checkOptions(options);
    checkTables(options.tables);
    checkClient(options.client);
    const { tables, client, connection, chance } = options;
    const rules = { ...DEFAULT_RULES, taskNetworks: options.taskNetworks === true };
    const db = client === undefined ? connectPlainly(connection) : (client as DynamoDBClient);
    this.#database = openDatabase(db, tables, { rules, chance });
    this.#services = new Parents('service', this.#database);
    this.#networks = new Parents('network', this.#database);
    this.#tasks = new Tasks(this.#database);
  }

  /**
   * Puts a service together with its attachments. `AlreadyExists` if the id is taken, also by a service that is still being
   * deleted; `NotFound` or `FailedPrecondition` if a network is not there, or is marked.
   */
  createService(service: NewService): Promise<void> {
    return this.#services.create(service);
  }

  /**
   * Changes a service's spec, and its attachments with it, if the spec is still as it was read. `change` gets a copy and
   * returns the new spec; it is called again if others were faster, up to 5 times (then `Aborted`). `FailedPrecondition`
   * once the service is marked. Other attributes stay as they are.
   */
  updateService(id: string, change: (spec: ServiceSpec, service: Service) => ServiceSpec): Promise<Service> {
    return this.#services.update(id, change);
  }

  /**
   * Marks a service: it goes when its last task is gone, and from now on lets no new task in. `FailedPrecondition` if it is
   * protected. Idempotent: a second call keeps the first mark, with who made it and why.
   */
  removeService(id: string, declared?: Declared): Promise<Removal> {
    return this.#services.mark(id, declared);
  }

  /** Takes the mark back, until the deletion commits; after that it fails with `NotFound`. Idempotent. */
  undeleteService(id: string, declared?: Declared): Promise<Undeletion> {
    return this.#services.unmark(id, declared);
  }

  /**
   * From now on the client does not mark it, and it is not deleted even if it is marked: not with its last task, not by a
   * sweep, not after a raw mark. It goes after {@link unprotectService}, if it is marked then. Idempotent.
   */
  protectService(id: string): Promise<Protection> {
    return this.#services.protect(id, true);
  }

  /** Ends {@link protectService}. A service that is marked then goes as soon as no task holds it. Idempotent. */
  unprotectService(id: string): Promise<Protection> {
    return this.#services.protect(id, false);
  }

  /** Strongly consistent. `NotFound` if it is not there. */
  getService(id: string): Promise<Service> {
    return this.#services.get(id);
  }

  /** Reads all services, page by page, in no order. */
  listServices(options?: ListOptions): Promise<ListPage<Service>> {
    return this.#services.list(options);
  }

  /** The ids and marks of the services that are marked; may be some moments behind. */
  listMarkedServices(options?: ListOptions): Promise<ListPage<Marked>> {
    return this.#services.listMarked(options);
  }

  /** Creates a network. `AlreadyExists` if its id is taken. */
  createNetwork(network: NewNetwork): Promise<void> {
    return this.#networks.create(network);
  }

  /** As {@link updateService}. */
  updateNetwork(id: string, change: (spec: NetworkSpec, network: Network) => NetworkSpec): Promise<Network> {
    return this.#networks.update(id, change);
  }

  /**
   * Marks a network: it goes when no service refers to it any more, or at once. `FailedPrecondition`, which names the
   * services, while one that is not marked uses it, unless it is told to wait. Idempotent.
   */
  async removeNetwork(id: string, options: RemoveNetworkOptions = {}): Promise<Removal> {
    checkOptions(options);
    if (options.whenInUse !== 'wait') {
      const { pendingDelete } = await this.#networks.get(id);
      if (pendingDelete !== true) await refuseIfInUse(this.#database, id);
    }
    return this.#networks.mark(id, options);
  }

  /** As {@link undeleteService}. */
  undeleteNetwork(id: string, declared?: Declared): Promise<Undeletion> {
    return this.#networks.unmark(id, declared);
  }

  /** As {@link protectService}. A protected network stays when its last service goes. */
  protectNetwork(id: string): Promise<Protection> {
    return this.#networks.protect(id, true);
  }

  /** Ends {@link protectNetwork}. A network that is marked then goes as soon as nothing uses it. Idempotent. */
  unprotectNetwork(id: string): Promise<Protection> {
    return this.#networks.protect(id, false);
  }

  /** Strongly consistent. `NotFound` if it is not there. */
  getNetwork(id: string): Promise<Network> {
    return this.#networks.get(id);
  }

  /** Reads all networks, page by page, in no order. */
  listNetworks(options?: ListOptions): Promise<ListPage<Network>> {
    return this.#networks.list(options);
  }

  /** The ids and marks of the networks that are marked; may be some moments behind. */
  listMarkedNetworks(options?: ListOptions): Promise<ListPage<Marked>> {
    return this.#networks.listMarked(options);
  }

  /** As {@link createTasks}, for one. */
  createTask(serviceId: string, task: NewTask): Promise<void> {
    return this.#tasks.create(serviceId, [task]);
  }

  /**
   * Creates tasks: `NotFound` if their service is not there, `FailedPrecondition` if it is marked, `AlreadyExists` if an id
   * is taken. Up to 99 are created together or not at all; if there are more, the error's `done` names those that were
   * created before it stopped. With `taskNetworks`, each network of a task must be there and not be marked, and fewer tasks
   * are created together, each with its attachments.
   */
  createTasks(serviceId: string, tasks: readonly NewTask[]): Promise<void> {
    return this.#tasks.create(serviceId, tasks);
  }

  /** As {@link deleteTasks}, for one. */
  deleteTask(serviceId: string, id: string): Promise<void> {
    return this.#tasks.delete(serviceId, [id]);
  }

  /** Deletes tasks; a task that is not there counts as deleted. On failure the error's `done` names those that surely are. */
  deleteTasks(serviceId: string, ids: readonly string[]): Promise<void> {
    return this.#tasks.delete(serviceId, ids);
  }

  /**
   * Creates objects of all kinds in one transaction, all or nothing, each on the same conditions as alone; they may belong and
   * refer to each other. A transaction holds 100 actions: one for each object and for each reference to a network, and one for
   * each network or service that is referred to and not created with them.
   */
  createTogether(objects: NewObjects): Promise<void> {
    return createTogether(this.#database, objects);
  }

  /** Those of these objects that are there, in any order. Strongly consistent; 100 of a kind cost one request. */
  findTogether(keys: ObjectKeys): Promise<FoundObjects> {
    return findTogether(this.#database, keys);
  }

  /** Whether it takes tasks to hold their networks. */
  get taskNetworks(): boolean {
    return this.#database.rules.taskNetworks;
  }

  /** Reads the tasks of a service, page by page, in no order that is promised. */
  listTasks(serviceId: string, options?: ListOptions): Promise<ListPage<Task>> {
    return this.#tasks.list(serviceId, options);
  }
}

/**
 * What a {@link DeallocatorClient} can do, as an interface. Let your code ask for this, or for the few of its methods that it calls, and
 * a test can give it a fake.
 *
 * ```ts
 * type Marks = Pick<DeallocatorMethods, 'removeService'>;
 * async function retire(client: Marks, id: string) {
 *   await client.removeService(id, { by: 'billing' });
 * }
 * ```
 */
export type DeallocatorMethods = Pick<DeallocatorClient, keyof DeallocatorClient>;
