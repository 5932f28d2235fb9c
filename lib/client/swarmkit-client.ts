/** SwarmKit's services, networks and tasks: a face over the client of any lifecycle. */
import type { Database } from '../dynamodb/database.ts';
import { checkChange, updateItem } from './changes.ts';
import { checkedKey } from './ids.ts';
import type { Swarmkit } from './kind-types.ts';
import { LifecycleClient } from './lifecycle-client.ts';
import { createItem, newItem } from './new-items.ts';
import { type DeallocatorClientOptions, type EnvironmentOptions, openFor, optionsFrom } from './options.ts';
import { createTasks, deleteTasks, listTasks } from './tasks.ts';
import { type FoundObjects, findTogether, type NewObjects, type ObjectKeys } from './together.ts';
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

/** The client of SwarmKit's kinds: each method is one of {@link LifecycleClient}'s, by its kind's name. */
export class SwarmkitClient extends LifecycleClient<Swarmkit> {
  readonly #database: Database;

  /** As {@link DeallocatorClient}'s. */
  static fromEnvironment(options: EnvironmentOptions = {}): SwarmkitClient {
    return new SwarmkitClient(optionsFrom(options));
  }

  /** `InvalidArgument` unless it has the names of all tables. */
  constructor(options: DeallocatorClientOptions) {
    const database = openFor(options);
    super(database);
    this.#database = database;
  }

  /**
   * Puts a service together with its attachments. `AlreadyExists` if the id is taken, also by a service that is still being
   * deleted; `NotFound` or `FailedPrecondition` if a network is not there, or is marked.
   */
  async createService(service: NewService): Promise<void> {
    await createItem(this.#database, newItem(this.#database.plan, 'service', service));
  }

  /**
   * Changes a service's spec, and its attachments with it, if the spec is still as it was read. `change` gets a copy and
   * returns the new spec; it is called again if others were faster, up to 5 times (then `Aborted`). `FailedPrecondition`
   * once the service is marked. Other attributes stay as they are.
   */
  updateService(id: string, change: (spec: ServiceSpec, service: Service) => ServiceSpec): Promise<Service> {
    return this.#updateSpec('service', id, change) as Promise<Service>;
  }

  /**
   * Marks a service: it goes when its last task is gone, and from now on lets no new task in. `FailedPrecondition` if it is
   * protected. Idempotent: a second call keeps the first mark, with who made it and why.
   */
  removeService(id: string, declared?: Declared): Promise<Removal> {
    return this.remove('service', id, declared);
  }

  /** Takes the mark back, until the deletion commits; after that it fails with `NotFound`. Idempotent. */
  undeleteService(id: string, declared?: Declared): Promise<Undeletion> {
    return this.undelete('service', id, declared);
  }

  /**
   * From now on the client does not mark it, and it is not deleted even if it is marked: not with its last task, not by a
   * sweep, not after a raw mark. It goes after {@link unprotectService}, if it is marked then. Idempotent.
   */
  protectService(id: string): Promise<Protection> {
    return this.protect('service', id);
  }

  /** Ends {@link protectService}. A service that is marked then goes as soon as no task holds it. Idempotent. */
  unprotectService(id: string): Promise<Protection> {
    return this.unprotect('service', id);
  }

  /** Strongly consistent. `NotFound` if it is not there. */
  getService(id: string): Promise<Service> {
    return this.get('service', id);
  }

  /** Reads all services, page by page, in no order. */
  listServices(options?: ListOptions): Promise<ListPage<Service>> {
    return this.list('service', options);
  }

  /** The ids and marks of the services that are marked; may be some moments behind. */
  listMarkedServices(options?: ListOptions): Promise<ListPage<Marked>> {
    return this.listMarked('service', options);
  }

  /** Creates a network. `AlreadyExists` if its id is taken. */
  async createNetwork(network: NewNetwork): Promise<void> {
    await createItem(this.#database, newItem(this.#database.plan, 'network', network));
  }

  /** As {@link updateService}. */
  updateNetwork(id: string, change: (spec: NetworkSpec, network: Network) => NetworkSpec): Promise<Network> {
    return this.#updateSpec('network', id, change) as Promise<Network>;
  }

  /**
   * Marks a network: it goes when no service refers to it any more, or at once. `FailedPrecondition`, which names the
   * services, while one that is not marked uses it, unless it is told to wait. Idempotent.
   */
  removeNetwork(id: string, options?: RemoveNetworkOptions): Promise<Removal> {
    return this.remove('network', id, options);
  }

  /** As {@link undeleteService}. */
  undeleteNetwork(id: string, declared?: Declared): Promise<Undeletion> {
    return this.undelete('network', id, declared);
  }

  /** As {@link protectService}. A protected network stays when its last service goes. */
  protectNetwork(id: string): Promise<Protection> {
    return this.protect('network', id);
  }

  /** Ends {@link protectNetwork}. A network that is marked then goes as soon as nothing uses it. Idempotent. */
  unprotectNetwork(id: string): Promise<Protection> {
    return this.unprotect('network', id);
  }

  /** Strongly consistent. `NotFound` if it is not there. */
  getNetwork(id: string): Promise<Network> {
    return this.get('network', id);
  }

  /** Reads all networks, page by page, in no order. */
  listNetworks(options?: ListOptions): Promise<ListPage<Network>> {
    return this.list('network', options);
  }

  /** The ids and marks of the networks that are marked; may be some moments behind. */
  listMarkedNetworks(options?: ListOptions): Promise<ListPage<Marked>> {
    return this.listMarked('network', options);
  }

  /** As {@link createTasks}, for one. */
  createTask(serviceId: string, task: NewTask): Promise<void> {
    return createTasks(this.#database, serviceId, [task]);
  }

  /**
   * Creates tasks: `NotFound` if their service is not there, `FailedPrecondition` if it is marked, `AlreadyExists` if an id
   * is taken. Up to 99 are created together or not at all; if there are more, the error's `done` names those that were
   * created before it stopped. With `taskNetworks`, each network of a task must be there and not be marked, and fewer tasks
   * are created together, each with its attachments.
   */
  createTasks(serviceId: string, tasks: readonly NewTask[]): Promise<void> {
    return createTasks(this.#database, serviceId, tasks);
  }

  /** As {@link deleteTasks}, for one. */
  deleteTask(serviceId: string, id: string): Promise<void> {
    return deleteTasks(this.#database, serviceId, [id]);
  }

  /** Deletes tasks; a task that is not there counts as deleted. On failure the error's `done` names those that surely are. */
  deleteTasks(serviceId: string, ids: readonly string[]): Promise<void> {
    return deleteTasks(this.#database, serviceId, ids);
  }

  /**
   * Creates objects of all kinds in one transaction, all or nothing, each on the same conditions as alone; they may belong and
   * refer to each other. A transaction holds 100 actions: one for each object and for each reference to a network, and one for
   * each network or service that is referred to and not created with them.
   */
  override createTogether(objects: NewObjects): Promise<void> {
    return super.createTogether(objects);
  }

  /** Those of these objects that are there, in any order. Strongly consistent; 100 of a kind cost one request. */
  findTogether(keys: ObjectKeys): Promise<FoundObjects> {
    return findTogether(this.#database, keys);
  }

  /** Whether it takes tasks to hold their networks. */
  get taskNetworks(): boolean {
    return (this.#database.plan.kinds.task?.holds ?? []).length > 0;
  }

  /** Reads the tasks of a service, page by page, in no order that is promised. */
  listTasks(serviceId: string, options?: ListOptions): Promise<ListPage<Task>> {
    return listTasks(this.#database, serviceId, options);
  }

  async #updateSpec<Spec, Item>(kind: string, id: string, change: (spec: Spec, item: Item) => Spec): Promise<unknown> {
    const key = checkedKey(this.#database.plan, kind, id);
    checkChange(change);
    const changed = (item: Record<string, unknown>) => ({
      ...item,
      spec: change((item.spec ?? {}) as Spec, item as Item),
    });
    return updateItem(this.#database, key, changed, ['spec']);
  }
}
