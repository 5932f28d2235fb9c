/** Steps of the protocol that are taken in another order, or that conclude something else from what they read. */

import { itemName } from '../../../lib/lifecycle/keys.ts';
import { CHILD_COUNT_PAGE_ITEMS } from '../../../lib/protocol/limits.ts';
import { type Mutant, type Parameters, type Sent, tableOf } from '../mistakes.ts';

export const STEP_MUTANTS: readonly Mutant[] = [
  {
    name: 'absolute recount',
    why: 'what was counted is what is there',
    store: (right) => {
      const counted = new Map<string, number>();
      return {
        countChildren: async (parent, most) => {
          const children = await right.countChildren(parent, most);
          counted.set(itemName(parent), children);
          return children;
        },
        recount: (parent, epoch, _, fresh) =>
          right.recount(parent, epoch, counted.get(itemName(parent)) as number, fresh),
      };
    },
    request: (sent) => absolute(sent),
    breaks: ['S7', 'L1', 'L2'],
    profile: 'crowded with crashes',
  },
  {
    name: 'frees a network whoever uses it',
    why: 'it is marked, and so it will go sooner or later',
    store: (right, took) => ({
      listAttached: async (network, most) => {
        const attached = await right.listAttached(network, most);
        if (attached.length < 2) return attached;
        took();
        return [];
      },
    }),
    breaks: ['S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'looks at one user of a network',
    why: 'the one that is there must be the service itself',
    store: (right, took) => ({
      listAttached: (network) => {
        took();
        return right.listAttached(network, 1);
      },
    }),
    breaks: ['S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'network read after its attachments',
    why: 'two reads, and their order looks free',
    store: (right, took) => {
      const attached = new Map<string, string[]>();
      return {
        readItem: async (parent) => {
          if (parent.kind === 'network') attached.set(parent.id, await right.listAttached(parent, 2));
          return right.readItem(parent);
        },
        listAttached: async (network) => {
          took();
          return attached.get(network.id) ?? [];
        },
      };
    },
    breaks: ['S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'count before parent',
    why: 'two reads, and their order looks free',
    store: (right, took) => {
      const counted = new Map<string, number>();
      return {
        readItem: async (parent) => {
          counted.set(itemName(parent), await right.countChildren(parent, CHILD_COUNT_PAGE_ITEMS));
          return right.readItem(parent);
        },
        countChildren: async (parent) => {
          took();
          return counted.get(itemName(parent)) ?? 0;
        },
      };
    },
    breaks: ['S1', 'S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'if in doubt, delete',
    why: "SwarmKit's own: a leak is worse than an early deletion",
    store: (right, took) => ({
      countChildren: (parent, most) =>
        right.countChildren(parent, most).catch(() => {
          took();
          return 0;
        }),
    }),
    breaks: ['S1', 'S2', 'S6'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'returns after a failed recount',
    why: 'another function has counted, and will see to it',
    store: (right, took) => ({
      recount: async (parent, epoch, add, fresh) => {
        const recounted = await right.recount(parent, epoch, add, fresh);
        if (recounted.status === 'done') return recounted;
        took();
        return { status: 'failed', found: { epoch: 'of another function', remaining: 1 } };
      },
    }),
    breaks: ['L1', 'L2', 'S7'],
    profile: 'crowded with crashes',
  },
  {
    name: 'settles only when zero is crossed',
    why: 'one handler is enough',
    store: (right, took) => ({
      decrement: async (parent, by, progressedAt) => {
        const counter = await right.decrement(parent, by, progressedAt);
        if (counter === undefined || counter.remaining + by > 0) return counter;
        took();
        return undefined;
      },
    }),
    breaks: ['L1', 'S4'],
    profile: 'crowded with crashes',
  },
  {
    name: 'decrements by one a batch',
    why: 'a batch looks like one event',
    store: (right, took) => ({
      decrement: (parent, by, progressedAt) => {
        if (by > 1) took();
        return right.decrement(parent, 1, progressedAt);
      },
    }),
    breaks: ['S7', 'L1'],
    profile: 'crowded',
  },
  {
    name: 'leaves a counter of another epoch',
    why: 'the settle that opened it will close it',
    store: (right, took) => ({
      closeCounter: async (parent, epoch) => {
        const closed = await right.closeCounter(parent, epoch);
        if (closed !== 'other epoch') return closed;
        took();
        return 'gone';
      },
    }),
    breaks: ['S4'],
    profile: 'crowded',
  },
  {
    name: 'a counter is opened under the first epoch again',
    why: 'an epoch is a number that starts at zero',
    store: (right, took) => ({
      openCounter: (parent, fresh) => {
        took();
        return right.openCounter(parent, { ...fresh, epoch: '0' });
      },
    }),
    breaks: ['S7', 'L1'],
    profile: 'crowded with crashes',
  },
  {
    name: 'a recount keeps the epoch',
    why: 'the counter is still the same',
    store: (right, took) => ({
      recount: (parent, epoch, add) => {
        took();
        return right.recount(parent, epoch, add, epoch);
      },
    }),
    breaks: ['S7', 'L1'],
    profile: 'crowded',
  },
  {
    name: 'what is held is not recounted',
    why: 'no child is left to count',
    store: (right, took) => {
      // What a counter is too high by is kept from settle, and put right where it recounts what it counted.
      const tooHigh = new Map<string, number>();
      return {
        openCounter: async (parent, fresh) => {
          const counter = await right.openCounter(parent, fresh);
          tooHigh.set(itemName(parent), Math.max(0, counter.remaining));
          if (counter.remaining > 0) took();
          return { ...counter, remaining: Math.min(0, counter.remaining) };
        },
        recount: (parent, epoch, add, fresh) =>
          right.recount(parent, epoch, add - (tooHigh.get(itemName(parent)) ?? 0), fresh),
      };
    },
    breaks: ['S7'],
    profile: 'grace period',
  },
  {
    name: 'a freed network has no grace',
    why: 'its service has waited already',
    store: (right, took) => {
      // The time of a freed network's mark is kept from the plan, and put back into the transaction.
      const marks = new Map<string, string>();
      const settled = new Set<string>();
      return {
        openCounter: (parent, fresh) => {
          settled.add(itemName(parent));
          return right.openCounter(parent, fresh);
        },
        readItem: async (key) => {
          const parent = await right.readItem(key);
          if (key.kind !== 'network' || settled.has(itemName(key)) || parent?.markedAt === undefined) return parent;
          took();
          marks.set(key.id, parent.markedAt);
          return { ...parent, markedAt: 'without a time' };
        },
        finalize: (finalization) => {
          const freed = finalization.freed.map((network) => {
            return { ...network, markedAt: marks.get(network.key.id) ?? network.markedAt };
          });
          return right.finalize({ ...finalization, freed });
        },
      };
    },
    breaks: ['S3'],
    profile: 'grace period',
  },
  {
    name: 'the sweep passes over counters',
    why: 'what is marked is found by its mark',
    store: (_, took) => ({
      listCounters: async () => {
        took();
        return { items: [], next: undefined };
      },
    }),
    breaks: ['S4', 'L2'],
    profile: 'lossy',
  },
  {
    name: "the sweep's place is never cleared",
    why: 'it is overwritten by the next page anyway',
    store: (right, took) => ({
      writeSweepCursor: async (cursor) => {
        if (cursor === undefined) took();
        else await right.writeSweepCursor(cursor);
      },
    }),
    breaks: ['L2', 'S4'],
    profile: 'lossy',
  },
  {
    name: 'heals from the record',
    why: 'the record says which networks the service uses',
    store: (right, took) => {
      const refersTo = new Map<string, readonly string[]>();
      return {
        readItem: async (user) => {
          const found = await right.readItem(user);
          refersTo.set(itemName(user), found?.held.map(itemName) ?? []);
          return found;
        },
        // Right is what is attached, and wrong what is not, whatever the service refers to.
        readAttachments: async (user, networks) => {
          const attached = await right.readAttachments(user, networks);
          const references = refersTo.get(itemName(user)) ?? [];
          return new Set(
            networks.map(itemName).filter((network) => references.includes(network) === attached.has(network)),
          );
        },
        heal: (healing) => {
          if (healing.remove.length > 0) took();
          return right.heal({ ...healing, put: [...healing.put, ...healing.remove], remove: [] });
        },
      };
    },
    breaks: ['S4'],
    profile: 'crowded with raw writes',
  },
  {
    name: 'heals nothing',
    why: 'the client writes attachments itself',
    store: (_, took) => ({
      heal: async () => {
        took();
        return 'committed';
      },
    }),
    breaks: ['S2', 'S4'],
    profile: 'crowded with raw writes',
  },
  {
    name: 'a task that ended goes on holding its networks',
    why: 'its item is still there',
    store: (right, took, under) => {
      const unaware = under({ taskIsGone: 'deleted' });
      return {
        readItem: (user) => {
          if (user.kind !== 'task') return right.readItem(user);
          took();
          return unaware.readItem(user);
        },
      };
    },
    breaks: ['S4', 'L1'],
    profile: 'crowded with task networks',
  },
];

/** Sets what it would add, whether it is sent alone or with others. */
function absolute({ operation, input }: Sent): Parameters | undefined {
  if (operation === 'BatchExecuteStatement') {
    const statements = input.Statements as readonly Parameters[];
    const Statements = statements.map((one) => ({
      ...one,
      Statement: String(one.Statement).replace(/"\w+" \+ \?/, '?'),
    }));
    return Statements.some(({ Statement }, n) => Statement !== statements[n]?.Statement) ? { Statements } : undefined;
  }
  if (operation !== 'UpdateItem' || tableOf(input) !== 'counters') return undefined;
  const relative = /[#\w]+ \+ (:\w+)/;
  const UpdateExpression = String(input.UpdateExpression);
  return relative.test(UpdateExpression)
    ? { ...input, UpdateExpression: UpdateExpression.replace(relative, '$1') }
    : undefined;
}
