/** Items as a control plane writes them without the client. */

const targets = (networks: readonly string[]) => networks.map((target) => ({ target }));

export const service = (id: string, networks: readonly string[] = [], more: Record<string, unknown> = {}) => ({
  id,
  spec: { annotations: { name: id }, task: { networks: targets(networks) } },
  ...more,
});

export const oldStyleService = (id: string, networks: readonly string[], more: Record<string, unknown> = {}) => ({
  id,
  spec: { annotations: { name: id }, networks: targets(networks) },
  ...more,
});

export const network = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  spec: { annotations: { name: id } },
  ...more,
});

export const task = (serviceId: string, id: string) => ({ serviceId, id, desiredState: 'running' });

/** A mark as raw writers leave it: without a time. */
export const MARKED = { pendingDelete: true } as const;
