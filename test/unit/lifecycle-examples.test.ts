/** What follows from the examples of bin/examples. Written out here: the second opinion is the point. */
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';

const isTrue = { BOOL: [true] };
const exists = [{ exists: true }];

describe('ideas: a table a model, four levels', () => {
  const { kinds, tables, functions, sweep, learning, permissions } = planOf(IDEAS);

  it('all but the last are guarded, and each is counted by its attachments', () => {
    expect(sweep).toEqual(['hackathon', 'category', 'idea']);
    expect(kinds.hackathon.countedBy).toEqual([{ by: 'attachments', kinds: ['category', 'idea'] }]);
    expect(kinds.comment.countedBy).toEqual([]);
    expect(kinds.idea.fencedBy).toEqual(['hackathon', 'category']);
    expect([kinds.category.heldMax, kinds.idea.heldMax, kinds.hackathon.heldMax]).toEqual([32, 48, 0]);
  });

  it('only what depends on nothing goes along with its last holder', () => {
    expect(Object.entries(kinds).flatMap(([kind, { goesAlong }]) => (goesAlong ? [kind] : []))).toEqual(['hackathon']);
    // A category is not looked at when the last idea goes: its attachment's record does that.
    expect(permissions['idea-updated']?.categories).toBeUndefined();
    expect(permissions['idea-updated']?.hackathons).toEqual(['GetItem', 'BatchGetItem', 'DeleteItem']);
  });

  it('what leaves alone hold goes one record later', () => {
    const { build } = planOf({
      kinds: {
        build: { table: 'builds', key: { id: '${build}' } },
        release: {
          table: 'releases',
          key: { id: '${release}' },
          dependsOn: [{ kind: 'build', by: 'value', at: 'build' }],
        },
      },
    }).kinds;
    expect(build).toMatchObject({ isGuarded: true, goesAlong: false });
  });

  it('a leaf that holds has a function that only heals', () => {
    expect(permissions['comment-updated']).toEqual({
      comments: ['GetItem', 'BatchGetItem', 'ConditionCheckItem'],
      attachments: ['GetItem', 'BatchGetItem', 'PutItem', 'DeleteItem'],
    });
    expect(functions['comment-updated']?.filters).toEqual([]);
  });

  it('every kind is streamed with both images, and only the guarded ones have an index and a lock', () => {
    const streamed = Object.values(tables).filter(({ kinds: own }) => own.length > 0);
    expect(streamed.map(({ stream }) => stream)).toEqual(Array(4).fill('NEW_AND_OLD_IMAGES'));
    expect(streamed.map(({ markedIndex }) => markedIndex?.partitionKey)).toEqual(['id', 'id', 'id', undefined]);
    expect(tables.comments?.deletes).toBeUndefined();
    expect(tables.ideas?.deletes).toEqual({ by: 'deallocator', inTransaction: true });
  });

  it('marks of what is held count once its holders are learned', () => {
    expect(learning.map(({ kind, holders }) => [kind, holders])).toEqual([
      ['hackathon', ['category', 'idea']],
      ['category', ['idea']],
      ['idea', ['comment']],
    ]);
    // Those of leaves too: what is marked is all that a sweep reads else.
    expect(permissions.sweep?.comments).toContain('Scan');
  });
});

describe('sandbox: refused while in use, gone when expired', () => {
  const { kinds, tables, functions } = planOf(SANDBOX);

  it('names go by words, and ids by their parts', () => {
    expect(kinds.leaseTemplate.words).toEqual({ singular: 'lease template', plural: 'lease templates', short: [] });
    expect(kinds.lease.parts).toEqual(['user', 'lease']);
    expect(Object.keys(functions).sort()).toEqual([
      'attachment-deleted',
      'blueprint-updated',
      'lease-template-updated',
      'lease-updated',
    ]);
    expect(tables.leaseTemplates).toMatchObject({ variable: 'LEASE_TEMPLATES_TABLE', constructId: 'LeaseTemplates' });
    expect(kinds.blueprint.restrictedBy).toEqual(['leaseTemplate']);
  });

  it('where other rows may lie in a table, its records are told apart, and the plan says so', () => {
    const Keys = { PK: { S: [{ prefix: 'bp#' }] }, SK: { S: ['blueprint'] } };
    expect(functions['blueprint-updated']?.filters).toEqual([
      { dynamodb: { Keys, NewImage: { pendingDelete: isTrue } } },
      { dynamodb: { Keys, OldImage: { pendingDelete: isTrue } } },
      { dynamodb: { Keys, NewImage: { pendingDelete: { S: exists } } } },
      { dynamodb: { Keys, NewImage: { pendingDelete: { N: exists } } } },
    ]);
    expect(tables.blueprints).toMatchObject({
      isWhole: false,
      markedIndex: { partitionKey: 'PK', sortKey: 'markedAt' },
    });
    expect([tables.leaseTemplates?.isWhole, tables.leases?.isWhole]).toEqual([true, true]);
  });
});

describe('chatbot: children under a key, told to go', () => {
  const { kinds, tables, functions, permissions } = planOf(CHATBOT);

  it('nothing is held, so there are no attachments', () => {
    expect(Object.keys(tables)).toEqual(['workspaces', 'documents', 'counters', 'receipts']);
    expect(Object.keys(functions)).toEqual(['workspace-updated', 'document-deleted']);
  });

  it('documents are counted by one query, and told by an update', () => {
    expect(kinds.workspace.countedBy).toEqual([
      {
        by: 'key',
        kind: 'document',
        table: 'documents',
        partition: { attribute: 'workspace_id', of: '${workspace}' },
        isCountedTogether: true,
      },
    ]);
    expect(kinds.workspace.tells).toEqual([{ kind: 'document', set: { wanted: 'removed' } }]);
    expect(permissions['workspace-updated']).toMatchObject({
      workspaces: ['GetItem', 'BatchGetItem', 'ConditionCheckItem', 'UpdateItem', 'DeleteItem'],
      documents: ['Query', 'UpdateItem', 'PartiQLSelect'],
    });
    // The stream of documents tells nobody anything.
    expect(permissions['document-deleted']).toMatchObject({ documents: ['Query', 'PartiQLSelect'] });
    expect(
      [functions['workspace-updated'], functions['document-deleted']].map((one) => one?.batchingWindowSeconds),
    ).toEqual([0, 1]);
  });
});

it('all that SwarmKit’s services share is counted, freed and woken alike', () => {
  const { kinds, permissions, sweep } = planOf(SWARMKIT_ALL);
  expect(sweep).toEqual(['service', 'network', 'secret', 'config', 'volume']);
  expect(kinds.service.fencedBy).toEqual(['network', 'secret', 'config', 'volume']);
  expect(kinds.service.heldMax).toBe(48);
  expect([kinds.network, kinds.secret, kinds.config, kinds.volume].every(({ goesAlong }) => goesAlong)).toBe(true);
  expect(kinds.volume.words).toEqual({ singular: 'volume', plural: 'volumes', short: ['vol'] });
  for (const table of ['networks', 'secrets', 'configs', 'volumes']) {
    expect(permissions['service-updated']?.[table]).toEqual(['GetItem', 'BatchGetItem', 'DeleteItem']);
  }
});

describe('under a key', () => {
  const project = { table: 'projects', key: { id: '${project}' } };
  const countOf = (key: Readonly<Record<string, string>>) =>
    planOf({ kinds: { project, row: { table: 'rows', key, dependsOn: [{ kind: 'project', by: 'key' }] } } }).kinds
      .project.countedBy;
  const count = (more: object, isCountedTogether: boolean) => [
    { by: 'key', kind: 'row', table: 'rows', ...more, isCountedTogether },
  ];

  it.each([
    [{ pk: '${project}', sk: '${row}' }, { partition: { attribute: 'pk', of: '${project}' } }, true],
    [
      { pk: 'P#${project}', sk: 'R#${row}' },
      { partition: { attribute: 'pk', of: 'P#${project}' }, sort: { attribute: 'sk', beginsWith: 'R#' } },
      true,
    ],
    [
      { pk: 'X', sk: '${project}#${row}' },
      { partition: { attribute: 'pk', of: 'X' }, sort: { attribute: 'sk', beginsWith: '${project}#' } },
      false,
    ],
    // One row at most: what begins so may be another project's.
    [
      { pk: 'X', sk: '${project}' },
      { partition: { attribute: 'pk', of: 'X' }, sort: { attribute: 'sk', equals: '${project}' } },
      false,
    ],
    [
      { pk: '${project}', sk: 'META' },
      { partition: { attribute: 'pk', of: '${project}' }, sort: { attribute: 'sk', equals: 'META' } },
      true,
    ],
    [{ id: '${project}' }, { partition: { attribute: 'id', of: '${project}' } }, true],
  ])('%j is found by a query', (key, found, isCountedTogether) => {
    expect(countOf(key)).toEqual(count(found, isCountedTogether));
  });

  it('a middle kind is woken by removals and by marks, and by all where that would be more than five filters', () => {
    const middle = (goneWhen: object) =>
      planOf({
        kinds: {
          project,
          row: {
            table: 'rows',
            key: { pk: '${project}', sk: '${row}' },
            dependsOn: [{ kind: 'project', by: 'key' }],
            ...goneWhen,
          },
          cell: {
            table: 'cells',
            key: { pk: '${project}#${row}', sk: '${cell}' },
            dependsOn: [{ kind: 'row', by: 'key' }],
          },
        },
      }).functions['row-updated']?.filters;
    expect(middle({})).toHaveLength(5);
    expect(middle({})?.[0]).toEqual({ eventName: ['REMOVE'] });
    expect(middle({ goneWhen: { at: 'state', isOneOf: ['done'] } })).toEqual([]);
  });
});

it('the deallocator’s attributes have the names that were chosen, wherever they stand', () => {
  const kinds = {
    a: { table: 'as', key: { id: '${a}' } },
    b: { table: 'bs', key: { pk: '${a}', sk: '${b}' }, dependsOn: [{ kind: 'a', by: 'key' }] },
  } as const;
  const { attributes, tables, functions } = planOf(
    defineLifecycle({ kinds, attributes: { pendingDelete: 'going', markedAt: 'goingSince' } }),
  );
  expect(attributes).toMatchObject({ pendingDelete: 'going', markedAt: 'goingSince', protected: 'protected' });
  expect(tables.as?.markedIndex).toEqual({ name: 'marked', partitionKey: 'id', sortKey: 'goingSince' });
  expect(functions['a-updated']?.filters[0]).toEqual({ dynamodb: { NewImage: { going: isTrue } } });
});

it('what depends on nothing, and nothing on it, brings nothing', () => {
  const plan = planOf({ kinds: { a: { table: 'as', key: { id: '${a}' } } } });
  expect(plan.functions).toEqual({});
  expect(plan.tables.as).toMatchObject({ stream: undefined, markedIndex: undefined, deletes: undefined });
});

it('who may write may change what a leaf holds, and list leaves that lie under no key', () => {
  const { write } = planOf(SANDBOX).grants;
  expect(write.leases).toEqual(expect.arrayContaining(['UpdateItem', 'Scan']));
  expect(planOf(CHATBOT).grants.write.documents).not.toContain('Scan');
});
