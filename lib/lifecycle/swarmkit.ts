/** SwarmKit's kinds as a lifecycle: what a deployment has that declares nothing. */
import { defineLifecycle } from './define.ts';

/**
 * The states above RUNNING, which no task leaves again, as Docker writes them in `status.state`.
 * https://pkg.go.dev/github.com/moby/swarmkit/v2/api#TaskState
 */
export const TERMINAL_TASK_STATES: readonly string[] = [
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
];

/** What changes SwarmKit's kinds. */
export interface SwarmkitOptions {
  /** When a task no longer keeps its service: once it is deleted, or in a state that it never leaves. @default 'deleted' */
  readonly taskIsGone?: 'deleted' | 'terminal';
  /** Whether a mark sets `desiredState: "remove"` on the service's tasks. @default false */
  readonly stopTasks?: boolean;
  /** Whether a task holds the networks that its own `networks` name. @default false */
  readonly taskNetworks?: boolean;
}

const NETWORKS = {
  kind: 'network',
  by: 'value',
  firstOf: ['spec.task.networks[].target', 'spec.networks[].target'],
  onDelete: 'restrict',
} as const;

function kindsFor({ taskIsGone = 'deleted', stopTasks = false, taskNetworks = false }: SwarmkitOptions) {
  return defineLifecycle({
    kinds: {
      service: { table: 'services', key: { id: '${service}' }, dependsOn: [NETWORKS] },
      task: {
        table: 'tasks',
        key: { serviceId: '${service}', id: '${task}' },
        dependsOn: [
          { kind: 'service', by: 'key', onDelete: stopTasks ? { set: { desiredState: 'remove' } } : 'wait' },
          ...(taskNetworks
            ? [{ kind: 'network', by: 'value', at: 'networks[].target', onDelete: 'restrict' } as const]
            : []),
        ],
        ...(taskIsGone === 'terminal' && { goneWhen: { at: 'status.state', isOneOf: TERMINAL_TASK_STATES } }),
      },
      network: { table: 'networks', key: { id: '${network}' } },
    },
  });
}

/** The types have names, so that a reference of the exports shows a line and not each part of a literal. */
type Swarmkit = ReturnType<typeof kindsFor>;

/**
 * Services, their tasks, and the networks that both use.
 *
 * @example swarmkit({ taskIsGone: 'terminal' })
 */
export function swarmkit(options: SwarmkitOptions = {}): Swarmkit {
  return kindsFor(options);
}

/** SwarmKit's kinds without any choice. */
export const SWARMKIT: Swarmkit = swarmkit();

const ALL = defineLifecycle({
  kinds: {
    service: {
      table: 'services',
      key: { id: '${service}' },
      dependsOn: [
        NETWORKS,
        { kind: 'secret', by: 'value', at: 'spec.task.container.secrets[].secretID', onDelete: 'restrict' },
        { kind: 'config', by: 'value', at: 'spec.task.container.configs[].configID', onDelete: 'restrict' },
        { kind: 'volume', by: 'value', at: 'spec.task.container.mounts[].source', onDelete: 'restrict' },
      ],
    },
    task: {
      table: 'tasks',
      key: { serviceId: '${service}', id: '${task}' },
      dependsOn: [{ kind: 'service', by: 'key' }],
    },
    network: { table: 'networks', key: { id: '${network}' } },
    secret: { table: 'secrets', key: { id: '${secret}' } },
    config: { table: 'configs', key: { id: '${config}' } },
    volume: { table: 'volumes', key: { id: '${volume}' } },
  },
});

/** SwarmKit's kinds with all that its services share: volumes, secrets and configs beside networks. */
export const SWARMKIT_ALL: typeof ALL = ALL;
