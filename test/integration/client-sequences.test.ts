/** Any sequence of the typed client's calls keeps the promises that are the client's own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeallocatorError } from '../../lib/client/index.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { settle } from '../../lib/protocol/settle.ts';
import type { Violation } from '../../lib/protocol/violations.ts';
import { TABLE_NAMES } from '../support/dynamodb.ts';
import { oldStyleService, service } from '../support/objects.ts';
import { TABLES } from '../support/swarmkit.ts';
import { chance, client, openStore, raw, useClient } from './client-on-engine.ts';

useClient();

/** Promises that the client keeps by itself; a counter that is too high, or a parent that waits, is the functions' work. */
const ofTheClient = (violations: readonly Violation[]) =>
  violations.filter(({ promise, subject }) => {
    return promise === 'S1' || promise === 'S2' || (promise === 'S4' && subject.startsWith('attachment#'));
  });

describe('any sequence of calls', () => {
  const serviceId = fc.constantFrom('web', 'api');
  const networkId = fc.constantFrom('front', 'back', 'other');
  const taskId = fc.constantFrom('t1', 't2');
  const networks = fc.uniqueArray(networkId, { maxLength: 3 });
  type Call = readonly [method: string, ...args: (string | readonly string[])[]];
  const call: fc.Arbitrary<Call> = fc.oneof(
    fc.tuple(fc.constant('createNetwork'), networkId),
    fc.tuple(fc.constant('createService'), serviceId, networks),
    fc.tuple(fc.constant('updateService'), serviceId, networks),
    fc.tuple(fc.constant('createTask'), serviceId, taskId),
    fc.tuple(fc.constant('deleteTask'), serviceId, taskId),
    fc.tuple(fc.constantFrom('removeService', 'undeleteService', 'settleService'), serviceId),
    fc.tuple(fc.constantFrom('removeNetwork', 'removeNetworkWaiting', 'undeleteNetwork', 'settleNetwork'), networkId),
  );
  const story = fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 15 });

  it('S1 S2 S3 S4 keeps the promises, one by one and side by side, with settles in between', async () => {
    const store = openStore();
    const seen = { deleted: 0, refused: 0 };
    const settleOne = async (kind: 'service' | 'network', id: string) => {
      const { outcome } = await settle(store, chance, { kind, id }, { patient: true });
      if (outcome === 'deleted') seen.deleted++;
    };
    const make = ([method, id, more]: Call): Promise<unknown> => {
      const [name, targets] = [id as string, more as readonly string[]];
      switch (method) {
        case 'createNetwork':
          return client.createNetwork({ id: name });
        case 'createService':
          return client.createService(service(name, targets));
        case 'updateService':
          return client.updateService(name, () => oldStyleService(name, targets).spec);
        case 'createTask':
          return client.createTask(name, { id: more as string });
        case 'deleteTask':
          return client.deleteTask(name, more as string);
        case 'removeService':
          return client.removeService(name);
        case 'undeleteService':
          return client.undeleteService(name);
        case 'removeNetwork':
          return client.removeNetwork(name);
        case 'removeNetworkWaiting':
          return client.removeNetwork(name, { whenInUse: 'wait' });
        case 'undeleteNetwork':
          return client.undeleteNetwork(name);
        case 'settleService':
          return settleOne('service', name);
        default:
          return settleOne('network', name);
      }
    };
    await fc.assert(
      fc.asyncProperty(story, async (turns) => {
        for (const table of TABLE_NAMES) {
          for (const item of (await raw.world())[table] as unknown as Record<string, string>[]) {
            const { partitionKey, sortKey } = TABLES[table];
            const keys = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
            await raw.delete(table, Object.fromEntries(keys.map((key) => [key, item[key]])));
          }
        }
        const first: Call[] = [
          ['createNetwork', 'front'],
          ['createService', 'web', []],
          ['createService', 'api', []],
        ];
        for (const calls of [first, ...turns]) {
          for (const ended of await Promise.allSettled(calls.map(make))) {
            if (ended.status === 'fulfilled') continue;
            seen.refused++;
            expect(isDeallocatorError(ended.reason)).toBe(true);
            expect(ended.reason.code).not.toBe('InvalidArgument');
          }
          expect(ofTheClient(checkRest(await raw.world()))).toEqual([]);
        }
        // What one sweep would do: then the whole world is as promised.
        for (const id of ['web', 'api']) await settleOne('service', id);
        for (const id of ['front', 'back', 'other']) await settleOne('network', id);
        expect(checkRest(await raw.world())).toEqual([]);
      }),
      { numRuns: 20 },
    );
    expect(seen.deleted).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
  });
});
