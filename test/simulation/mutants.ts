/**
 * Plausible mistakes in the product's code, each a change of text and the promises one of which it must break. A mistake that
 * no schedule finds is a hole in the simulation.
 */
import type { Promised } from '../../lib/protocol/invariants.ts';
import type { ProfileName } from './dials.ts';

export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** Why somebody might write it so. */
  readonly why: string;
  readonly edits: readonly Edit[];
  readonly breaks: readonly Promised[];
  /** Where it is looked for. */
  readonly profile: ProfileName;
}

const SETTLE = 'lib/protocol/settle.ts';
const STORE = 'lib/dynamodb/store.ts';
const READS = 'lib/dynamodb/reads.ts';
const REQUESTS = 'lib/dynamodb/requests.ts';
const FINALIZE = 'lib/protocol/finalize.ts';
const DECIDE = 'lib/protocol/decide.ts';
const PARENTS = 'lib/client/parents.ts';
const CHILD = 'lib/streams/child-deleted.ts';
const UPDATED = 'lib/streams/parent-updated.ts';

const COUNT = 'const children = await store.countChildren(key, CHILD_COUNT_PAGE_ITEMS);';
const READ = 'const parent = await store.readParent(key);';

/** A transaction of a kind goes without its token, as a plain write would. */
function withoutToken(marker: string): Edit {
  return {
    file: REQUESTS,
    find: 'new TransactWriteItemsCommand({ ClientRequestToken, ',
    replace: `new TransactWriteItemsCommand({ ...(!JSON.stringify(actions).includes('${marker}') && { ClientRequestToken }), `,
  };
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'absolute recount',
    why: 'what was counted is what is there',
    edits: [
      { file: STORE, find: 'SET #remaining = #remaining + :add', replace: 'SET #remaining = :add' },
      { file: SETTLE, find: 'children - counter.remaining, chance', replace: 'children, chance' },
    ],
    breaks: ['S7', 'L1', 'L2'],
    profile: 'crowded with crashes',
  },
  {
    name: 'deletes under any mark',
    why: 'it is marked: what does it matter which mark it is',
    edits: [
      {
        file: 'lib/dynamodb/conditions.ts',
        find: 'return allOf(isMarked, markedAtIs(parent.markedAt));',
        replace: 'return isMarked;',
      },
    ],
    breaks: ['S1', 'S2'],
    profile: 'crowded',
  },
  {
    name: 'deletes whatever is there',
    why: 'the mark was read a moment ago',
    edits: [
      {
        file: 'lib/dynamodb/conditions.ts',
        find: 'return allOf(isMarked, markedAtIs(parent.markedAt));',
        replace: 'return isThere;',
      },
    ],
    breaks: ['S1', 'S2', 'S3'],
    profile: 'crowded',
  },
  {
    name: 'a time is unique enough',
    why: 'nobody marks, undeletes and marks again within the hour',
    edits: [
      {
        file: 'lib/protocol/time.ts',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a piece of a program
        find: 'return `${isoNow(chance)}#${chance.fresh()}`;',
        replace: 'return isoNow(chance).slice(0, 13);',
      },
    ],
    breaks: ['S1', 'S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'freed networks without a condition',
    why: 'they were looked at just before',
    edits: [
      {
        file: STORE,
        find: 'remove(this.#at.parent(network.key), allOf(isMarkedAsRead(network), isNotProtected))',
        replace: 'remove(this.#at.parent(network.key), isThere)',
      },
    ],
    breaks: ['S2', 'S3', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'frees a network whoever uses it',
    why: 'it is marked, and so it will go sooner or later',
    edits: [
      {
        file: DECIDE,
        find: 'attached.every((id) => id === serviceId)',
        replace: 'attached.length > 0',
      },
    ],
    breaks: ['S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'looks at one user of a network',
    why: 'the one that is there must be the service itself',
    edits: [{ file: FINALIZE, find: 'store.listAttached(key, 2)', replace: 'store.listAttached(key, 1)' }],
    breaks: ['S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'network read after its attachments',
    why: 'two reads, and their order looks free',
    edits: [
      {
        file: FINALIZE,
        find: 'const network = await store.readParent(key);',
        replace: 'const attached = await store.listAttached(key, 2); const network = await store.readParent(key);',
      },
      { file: FINALIZE, find: '  const attached = await store.listAttached(key, 2);\n', replace: '' },
    ],
    breaks: ['S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'count before parent',
    why: 'two reads, and their order looks free',
    edits: [
      { file: SETTLE, find: READ, replace: `${COUNT} ${READ}` },
      { file: SETTLE, find: `    // 3 count\n    ${COUNT}\n`, replace: '' },
    ],
    breaks: ['S1', 'S2', 'S6'],
    profile: 'crowded',
  },
  {
    name: 'eventually consistent count',
    why: 'half the price',
    edits: [
      {
        file: STORE,
        find: "ConsistentRead: true, Select: 'COUNT'",
        replace: "ConsistentRead: false, Select: 'COUNT'",
      },
    ],
    breaks: ['S1', 'S2', 'S6', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at a parent',
    why: 'half the price',
    edits: [{ file: REQUESTS, find: 'ConsistentRead: true };', replace: 'ConsistentRead: false };' }],
    breaks: ['S1', 'S2', 'S4', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at who drains',
    why: 'half the price',
    edits: [
      {
        file: REQUESTS,
        find: 'ConsistentRead: true, ...expressed({ projection: only(attributes) })',
        replace: 'ConsistentRead: false, ...expressed({ projection: only(attributes) })',
      },
    ],
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'eventually consistent look at who is attached',
    why: 'half the price',
    edits: [
      {
        file: READS,
        find: "ConsistentRead: true,\n    Select: 'ALL_ATTRIBUTES'",
        replace: "ConsistentRead: false,\n    Select: 'ALL_ATTRIBUTES'",
      },
    ],
    breaks: ['S2', 'S6'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'unprocessed keys are forgotten',
    why: 'they never come up in a test on an idle table',
    edits: [{ file: REQUESTS, find: 'return answer.UnprocessedKeys?.[table]?.Keys ?? [];', replace: 'return [];' }],
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'returns after a failed recount',
    why: 'somebody else has counted, and will see to it',
    edits: [
      {
        file: SETTLE,
        find: '} else if (!options.patient && recounted.found !== undefined && recounted.found.remaining > 0) {',
        replace: '} else {',
      },
    ],
    breaks: ['L1', 'L2', 'S7'],
    profile: 'crowded with crashes',
  },
  {
    name: 'settles only when zero is crossed',
    why: 'one handler is enough',
    edits: [
      {
        file: CHILD,
        find: 'if (counter.remaining > 0) return;',
        replace: 'if (counter.remaining > 0 || counter.remaining + removed <= 0) return;',
      },
    ],
    breaks: ['L1', 'S4'],
    profile: 'crowded with crashes',
  },
  {
    name: 'decrements by one a batch',
    why: 'a batch looks like one event',
    edits: [{ file: CHILD, find: 'store.decrement(parent, removed,', replace: 'store.decrement(parent, 1,' }],
    breaks: ['S7', 'L1'],
    profile: 'crowded',
  },
  {
    name: 'the sweep passes over counters',
    why: 'what is marked is found by its mark',
    edits: [
      {
        file: 'lib/protocol/store.ts',
        find: "['service', 'network', 'counter'] as const",
        replace: "['service', 'network'] as const",
      },
    ],
    breaks: ['S4', 'L2'],
    profile: 'lossy',
  },
  {
    name: "the sweep's place is never cleared",
    why: 'it is overwritten by the next page anyway',
    edits: [
      {
        file: 'lib/streams/sweep-requested.ts',
        find: 'await store.writeSweepCursor(report.resumeAt);',
        replace: 'if (report.resumeAt) await store.writeSweepCursor(report.resumeAt);',
      },
    ],
    breaks: ['L2', 'S4'],
    profile: 'lossy',
  },
  {
    name: 'closes whatever counter is there',
    why: 'the parent is gone, so its counter may go',
    edits: [
      {
        file: STORE,
        find: "...expressed({ condition: epochIs(epoch) }),\n      ReturnValues: 'NONE'",
        replace: "ReturnValues: 'NONE'",
      },
    ],
    breaks: ['L1', 'S7'],
    profile: 'crowded',
  },
  {
    name: 'leaves a counter of another epoch',
    why: 'whoever opened it will close it',
    edits: [{ file: SETTLE, find: "if (closed === 'other epoch') continue;", replace: '' }],
    breaks: ['S4'],
    profile: 'crowded',
  },
  {
    name: 'a counter is opened under the first epoch again',
    why: 'an epoch is a number that starts at zero',
    edits: [{ file: SETTLE, find: '{ epoch: chance.fresh(), openedAt', replace: "{ epoch: '0', openedAt" }],
    breaks: ['S7', 'L1'],
    profile: 'crowded with crashes',
  },
  {
    name: 'a recount keeps the epoch',
    why: 'the counter is still the same',
    edits: [
      {
        file: SETTLE,
        find: 'children - counter.remaining, chance.fresh())',
        replace: 'children - counter.remaining, counter.epoch)',
      },
    ],
    breaks: ['S7', 'L1'],
    profile: 'crowded',
  },
  {
    name: 'the fence looks for no mark',
    why: 'the parent is there: that is what a reference needs',
    edits: [{ file: 'lib/client/fence.ts', find: 'allOf(isThere, isNotMarked)', replace: 'isThere' }],
    breaks: ['S1', 'S2', 'S6'],
    profile: 'calm',
  },
  {
    name: 'attachments are left to the stream',
    why: 'service-updated heals them anyway',
    edits: [
      {
        file: PARENTS,
        find: 'return [fence(parent), putKey(this.#at.attachment(networkId, serviceId))];',
        replace: 'void serviceId; return [fence(parent)];',
      },
    ],
    breaks: ['S2', 'S6'],
    profile: 'calm',
  },
  {
    name: 'every try has a token of its own',
    why: 'tokens must be unique',
    edits: [
      {
        file: REQUESTS,
        find: 'new TransactWriteItemsCommand({ ClientRequestToken, ',
        replace: 'new TransactWriteItemsCommand({ ClientRequestToken: ClientRequestToken && this.#chance.fresh(), ',
      },
    ],
    breaks: ['S1', 'S3', 'S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'a counter is created without a token',
    why: 'its condition makes it idempotent',
    edits: [withoutToken('#openedAt = :openedAt')],
    breaks: ['S4', 'S7', 'L1'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'failures of a batch are swallowed',
    why: 'they are logged',
    edits: [
      {
        file: 'lib/streams/batch.ts',
        find: 'failed.push(...group.records.map(({ sequenceNumber }) => sequenceNumber));',
        replace: '',
      },
    ],
    breaks: ['L1', 'S4', 'S7'],
    profile: 'denied',
  },
  {
    name: 'if in doubt, delete',
    why: "SwarmKit's own: a leak is worse than an early deletion",
    edits: [{ file: SETTLE, find: COUNT, replace: COUNT.replace(';', '.catch(() => 0);') }],
    breaks: ['S1', 'S2', 'S6'],
    profile: 'crowded on a hostile network',
  },
  {
    name: 'an undelete wakes nobody',
    why: 'nothing is to be deleted',
    edits: [
      {
        file: UPDATED,
        find: '|| (records.some(clearsMark) && (await store.findDraining([parent])).size > 0)',
        replace: '',
      },
    ],
    breaks: ['S4'],
    profile: 'crowded',
  },
  {
    name: "the filter drops a network's undelete",
    why: 'only marked networks concern us',
    edits: [
      {
        file: 'lib/streams/functions.ts',
        find: '      { dynamodb: { OldImage: { pendingDelete: { BOOL: [true] } } } },\n',
        replace: '',
      },
    ],
    breaks: ['S4'],
    profile: 'crowded',
  },
  {
    name: 'heals from the record',
    why: 'the record says which networks the service uses',
    edits: [{ file: 'lib/protocol/heal.ts', find: 'new Set(asRead?.references)', replace: 'new Set(networks)' }],
    breaks: ['S4'],
    profile: 'crowded with raw hands',
  },
  {
    name: 'heals nothing',
    why: 'the client writes attachments itself',
    edits: [
      { file: UPDATED, find: 'if (networks.length > 0) telemetry', replace: 'if (networks.length > 999) telemetry' },
    ],
    breaks: ['S2', 'S4'],
    profile: 'crowded with raw hands',
  },
  {
    name: 'the counter stays behind',
    why: 'nobody reads it any more',
    edits: [{ file: STORE, find: '      remove(this.#at.counter(parent.key)),\n', replace: '' }],
    breaks: ['S6'],
    profile: 'calm',
  },
  {
    name: "a freed network's counter stays behind",
    why: 'nobody reads it any more',
    edits: [{ file: STORE, find: '        remove(this.#at.counter(network.key)),\n', replace: '' }],
    breaks: ['S6'],
    profile: 'crowded',
  },
  {
    name: 'attachments stay behind',
    why: 'the stream cleans up',
    edits: [
      {
        file: STORE,
        find: '      ...detached.map((network) => remove(this.#at.attachment(network.id, parent.key.id))),\n      ...freed',
        replace: '      ...freed',
      },
    ],
    breaks: ['S6'],
    profile: 'crowded',
  },
  {
    name: 'no receipt',
    why: 'the log tells it as well',
    edits: [
      {
        file: STORE,
        find: '      put(this.#at.tables.receipts, receiptItem(receipt)),\n',
        replace: '',
      },
    ],
    breaks: ['S6'],
    profile: 'crowded',
  },
  {
    name: 'protection is looked at beforehand',
    why: 'settle has just read that it is not protected',
    edits: [
      { file: STORE, find: 'isMarkedAsRead(parent), isNotProtected, ...', replace: 'isMarkedAsRead(parent), ...' },
    ],
    breaks: ['S3'],
    profile: 'crowded with options',
  },
  {
    name: 'nobody comes when a protection is taken away',
    why: 'the mark has not changed',
    edits: [{ file: UPDATED, find: ' || (before.isProtected && !after.isProtected)', replace: '' }],
    breaks: ['L1'],
    profile: 'crowded with options',
  },
  {
    name: 'a task that ends wakes nobody',
    why: 'it will be deleted anyhow',
    edits: [
      {
        file: CHILD,
        find: "eventName === 'REMOVE' || (eventName === 'MODIFY' && isGoneByState(after?.state, rules))",
        replace: "eventName === 'REMOVE'",
      },
    ],
    breaks: ['S7', 'L1'],
    profile: 'crowded with options',
  },
  {
    name: 'counts one page of tasks, most of which have ended',
    why: 'a page is enough to know whether there are any',
    edits: [{ file: STORE, find: 'if (count > 0 || next === undefined) return count;', replace: 'return count;' }],
    breaks: ['S1'],
    profile: 'crowded with options',
  },
  {
    name: 'stops tasks whatever has become of the mark',
    why: 'the mark was read a moment ago',
    edits: [
      {
        file: STORE,
        find: 'check(this.#at.parent(service.key), isMarkedAsRead(service))',
        replace: 'check(this.#at.parent(service.key), isThere)',
      },
    ],
    breaks: ['S3'],
    profile: 'crowded with options',
  },
  {
    name: 'a freed network has no grace',
    why: 'its service has waited already',
    edits: [{ file: DECIDE, find: '    findHold(network, circumstances) === undefined &&\n', replace: '' }],
    breaks: ['S3'],
    profile: 'grace period',
  },
  {
    name: 'what is held is not recounted',
    why: 'no child is left to count',
    edits: [
      { file: SETTLE, find: 'children > 0 || (hold !== undefined && counter.remaining > 0)', replace: 'children > 0' },
    ],
    breaks: ['S7'],
    profile: 'grace period',
  },
  {
    name: 'tasks hold nothing of their own',
    why: 'their service holds what it refers to',
    edits: [
      { file: 'lib/streams/child-deleted.ts', find: 'if (holdNetworks) {', replace: 'if (holdNetworks && false) {' },
    ],
    breaks: ['S4', 'S2', 'L1'],
    profile: 'task networks',
  },
  {
    name: 'a task ends unnoticed while it is attached',
    why: 'its networks are still the same',
    edits: [
      {
        file: 'lib/dynamodb/conditions.ts',
        find: "valueIsAsRead('#status.#state', ':state', state),",
        replace: '',
      },
    ],
    breaks: ['S4', 'L1'],
    profile: 'crowded with task networks',
  },
  {
    name: 'a task that ended goes on holding its networks',
    why: 'its item is still there',
    edits: [
      {
        file: 'lib/dynamodb/items.ts',
        find: 'isGoneByState(state?.S, rules) ? []',
        replace: 'false ? []',
      },
    ],
    breaks: ['S4', 'L1'],
    profile: 'crowded with task networks',
  },
  {
    name: 'no fence around the networks of a new task',
    why: 'its service is checked already',
    edits: [
      {
        file: 'lib/client/tasks.ts',
        find: "...networks.map((id) => ({ kind: 'network' as const, id })),",
        replace: '',
      },
    ],
    breaks: ['S2', 'S6'],
    profile: 'crowded with task networks',
  },
];
