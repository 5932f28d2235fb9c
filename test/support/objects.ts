/** Items as a control plane writes them without the client, and a deletion as the protocol would plan it. */

import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import type { MarkedItem } from '../../lib/protocol/model.ts';
import { writeReceipt } from '../../lib/protocol/receipt.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Finalization } from '../../lib/protocol/store.ts';

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

export function finalization(
  parent: MarkedItem,
  detached: readonly ItemKey[] = [],
  freed: readonly MarkedItem[] = [],
): Finalization {
  const circumstances = { rules: DEFAULT_RULES, nowEpochMillis: Date.parse('2026-01-01T00:00:00.000Z') };
  return { parent, detached, freed, receipt: writeReceipt(parent, detached, freed, circumstances, 'a test') };
}
