/** The client's constructor: of SwarmKit's kinds, or of a lifecycle of one's own. */
import type { Lifecycle } from '../lifecycle/declaration.ts';
import type { Swarmkit } from './kind-types.ts';
import type { LifecycleClient } from './lifecycle-client.ts';
import type { DeallocatorClientOptions, EnvironmentOptions } from './options.ts';
import { SwarmkitClient } from './swarmkit-client.ts';

/** The client of a lifecycle: by kind, and with SwarmKit's methods where it has SwarmKit's kinds. */
export type DeallocatorClient<L extends Lifecycle = Swarmkit> = [L] extends [Swarmkit]
  ? SwarmkitClient
  : L extends { readonly kinds: Readonly<Record<'service' | 'task' | 'network', unknown>> }
    ? LifecycleClient<L> & SwarmkitClient
    : LifecycleClient<L>;

/** Makes clients. */
export interface DeallocatorClientConstructor {
  /** For kinds of your own. `InvalidArgument` unless `tables` has the names of all tables. */
  new <L extends Lifecycle>(options: DeallocatorClientOptions & { readonly lifecycle: L }): DeallocatorClient<L>;
  /** For services, tasks and networks. */
  new (options: DeallocatorClientOptions): DeallocatorClient;
  /**
   * The client for what `deallocator.connect(fn)` has set: in a connected function, and wherever the environment variable
   * `DEALLOCATOR_CONFIG` holds the line of JSON that the local cloud prints, or names a file with it.
   * `FailedPrecondition` where it is not set, `InvalidArgument` for what it holds.
   *
   * ```ts
   * const client = DeallocatorClient.fromEnvironment();
   * ```
   */
  fromEnvironment<L extends Lifecycle>(options: EnvironmentOptions & { readonly lifecycle: L }): DeallocatorClient<L>;
  /** For services, tasks and networks. */
  fromEnvironment(options?: EnvironmentOptions): DeallocatorClient;
}

/**
 * Creates, changes, marks and reads: services, networks and tasks ({@link SwarmkitClient}), or the kinds of the `lifecycle` that it is
 * given ({@link LifecycleClient}). It deletes nothing but leaves: a removal is a mark, and the deallocator deletes what is marked when
 * nothing uses it any more.
 *
 * ```ts
 * const client = new DeallocatorClient({ tables });
 * await client.createNetwork({ id: 'front' });
 * await client.createService({ id: 'web', spec: { task: { networks: [{ target: 'front' }] } } });
 * await client.createTasks('web', [{ id: 'web.1' }, { id: 'web.2' }]);
 * await client.removeService('web'); // marked; it goes with its last task
 * ```
 */
export const DeallocatorClient = SwarmkitClient as unknown as DeallocatorClientConstructor;

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
export type DeallocatorMethods = Pick<SwarmkitClient, keyof SwarmkitClient>;
