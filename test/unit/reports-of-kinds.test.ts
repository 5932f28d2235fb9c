/** Reports on kinds of one's own: what waits for what, to any depth, in the lifecycle's words. */
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { readStatus } from '../../lib/operate/reports/status.ts';
import { ideas, sandbox, swarm } from '../support/kinds-stories.ts';
import { memoryKinds } from '../support/memory-kinds.ts';

const ON = 'On local cloud at http://127.0.0.1:4000\n';
type World = Awaited<ReturnType<typeof ideas>>;
const shown = async ({ cli }: Pick<World, 'cli'>, ...args: string[]) => (await cli(args)).stdout.replace(ON, '');

describe('four levels', () => {
  it('are explained from any of them, and what blocks is found however deep it is', async () => {
    const world = await ideas();
    const { client, cluster, backend } = world;
    for (const [kind, id] of [
      ['hackathon', 'spring'],
      ['category', 'games'],
      ['idea', 'chess'],
    ] as const) {
      await client.remove(kind, id);
    }
    await backend.deliver();
    expect(await explain(cluster, { kind: 'hackathon', id: 'spring' })).toMatchObject({
      kind: 'hackathon',
      id: 'spring',
      standing: {
        state: 'blocked',
        blockedBy: [{ object: 'idea#go', because: 'not marked' }],
      },
      usedBy: [
        { object: 'category#games', state: 'marked' },
        { object: 'idea#chess', state: 'marked' },
        { object: 'idea#go', state: 'not marked' },
      ],
      forecast: {
        steps: [{ after: { assume: 'children gone', of: 'idea#chess' }, deletions: [{ deleted: ['idea#chess'] }] }],
        stays: [
          { object: 'category#games', reasons: [{ because: 'used', by: ['idea#go'] }] },
          { object: 'hackathon#spring', reasons: [{ because: 'used', by: ['category#games', 'idea#go'] }] },
        ],
      },
    });
    const { marked } = await readStatus(cluster);
    expect(marked.map(({ object, state, children }) => [object, state, children.count])).toEqual([
      ['category#games', 'blocked', 2],
      ['hackathon#spring', 'blocked', 3],
      ['idea#chess', 'draining', 2],
    ]);

    await client.remove('idea', 'go');
    await backend.deliver();
    expect(await shown(world, 'explain', 'hackathon', 'spring')).toContain(
      `What will happen
  1. when the comments of idea chess are gone: idea chess, then category games with hackathon spring

Delete the comments c1, c2 of idea chess: then idea chess goes; then category games goes, and with it hackathon spring.
`,
    );
    await client.delete('comment', ['c1', 'c2']);
    await backend.deliver();
    expect((await readStatus(cluster)).marked).toEqual([]);
    expect(await shown(world, 'explain', 'hackathon/spring')).toMatch(
      /^hackathon spring is gone\n.* together with category games/s,
    );
  });

  it('that are blocked only far below say by way of whom', async () => {
    const world = await ideas();
    const { client, backend, cluster } = world;
    for (const idea of ['chess', 'go'])
      await client.update('idea', idea, ({ hackathonId: _, ...item }: object & { hackathonId?: string }) => item);
    for (const [kind, id] of [
      ['hackathon', 'spring'],
      ['category', 'games'],
    ] as const)
      await client.remove(kind, id);
    await backend.deliver();
    const { standing } = await explain(cluster, { kind: 'hackathon', id: 'spring' });
    const [chess, go] = ['idea#chess', 'idea#go'].map((object) => ({
      object,
      because: 'not marked',
      through: 'category#games',
    }));
    expect(standing).toEqual({ state: 'blocked', blockedBy: [chess, go], usersNotLookedAt: 0 });
    expect((await readStatus(cluster)).marked).toMatchObject([
      { object: 'category#games' },
      { object: 'hackathon#spring', ...standing },
    ]);
    expect(await shown(world, 'explain', 'hackathon/spring')).toContain(
      'blocked: used by idea chess (not marked, by way of category games), idea go (not marked, by way of category games)',
    );
    expect(await shown(world, 'graph', 'hackathon/spring', '-o', 'dot')).toMatch(
      /n\d -> n\d \[color="#d03838".*class="blocks"\]/,
    );
  });
});

describe('a removal', () => {
  it('marks users first, waits where the lifecycle says wait, and names whom it waits for', async () => {
    const { json, cli } = await ideas();
    const { plan } = await json('rm', 'hackathon/spring', 'categories/games', 'idea/chess', '--dry-run');
    expect(plan.marks).toEqual([
      { object: 'idea#chess', waitsFor: [] },
      { object: 'category#games', waitsFor: ['idea#go'] },
      { object: 'hackathon#spring', waitsFor: ['idea#go'] },
    ]);
    const { status, stdout } = await cli(['rm', 'hackathon/spring', 'category/games', 'idea/chess']);
    expect(status).toBe(0);
    expect(stdout).toContain('hackathon spring: marked\n');
  });

  it('is refused where the lifecycle says restrict, by leaves too; and those end by their state', async () => {
    const world = await sandbox();
    const { cli, client, backend, lease, cluster } = world;
    const refused = await cli(['rm', 'lease-template/week']);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('refuse lease template week: it is in use by what is not to be removed');
    expect(refused.stdout).toContain('lease ann@example.com/7\n');
    expect((await explain(cluster, { kind: 'leaseTemplate', id: 'week' })).advice[1]).toBe(
      'It is used by lease ann@example.com/7: its removal is refused until that has ended, unless you say "--even-in-use".',
    );
    const forced = await cli(['rm', 'blueprint/small', 'leaseTemplate/week', '--even-in-use']);
    expect(forced.stdout).toContain(
      '1. when the leases of lease template week are gone: lease template week with blueprint small\n',
    );
    await backend.deliver();
    expect(await shown(world, 'explain', 'blueprint/small')).toContain(
      'End or delete the lease ann@example.com/7 of lease template week: then lease template week goes, and with it blueprint small.\n',
    );
    await client.update('lease', { user: 'ann@example.com', lease: '7' }, () => ({ ...lease, status: 'Expired' }));
    await backend.deliver();
    expect(await shown(world, 'status')).toBe('Nothing is marked for deletion.\n');
  });

  it('takes a volume along, and tells which service holds it', async () => {
    const world = await swarm();
    const { cli, client, backend } = world;
    expect(await shown(world, 'explain', 'volume/data')).toBe(`volume data is not marked
└─ used by
   └─ service db: not marked, 1 task

volume data is not marked: nobody asked for its removal, and the deallocator leaves it alone.
It is used by service db, which nobody asked to remove: to remove it too, remove ("deallocator rm") or update these first.
`);
    expect((await cli(['rm', 'vol/data'])).status).toBe(3);
    await cli(['rm', 'vol/data', 'svc/db']);
    await client.delete('task', [{ service: 'db', task: '1' }]);
    await backend.deliver();
    expect(await shown(world, 'ls')).toMatch(/^KIND .*\nsecret +password +- +- +-\n$/);
    const { deletions } = await world.json('history', 'volume', 'data');
    expect(deletions).toMatchObject([{ kind: 'volume', id: 'data', wentWith: 'service#db' }]);
  });
});

it('children by key are counted and named, with the state that they were told', async () => {
  const world = memoryKinds(CHATBOT);
  const { client, backend, cli } = world;
  await client.create('workspace', { workspace_id: 'w', object_type: 'workspace' });
  for (const id of ['2', '10'])
    await client.create('document', { workspace_id: 'w', document_id: id, createdAt: '2026-01-01' });
  await cli(['rm', 'workspace/w']);
  await backend.deliver();
  expect(await shown(world, 'explain', 'workspace', 'w')).toContain(`└─ 2 documents
   ├─ document 2: wanted: removed, since 2026-01-01
   └─ document 10: wanted: removed, since 2026-01-01
`);
  expect(await shown(world, 'status')).toContain('2 documents');
});

it('what is older than its declaration is told to be learned, and what is held until that has ended', async () => {
  const world = memoryKinds(SANDBOX, {}, false);
  const { tables, sweep, backend, json } = world;
  tables.put('blueprints', {
    PK: 'bp#small',
    SK: 'blueprint',
    pendingDelete: true,
    markedAt: '2026-01-01T00:00:00.000Z#1',
  });
  tables.put('leaseTemplates', { uuid: 'week', blueprintId: 'small' });
  expect(await shown(world, 'status')).toContain('held: its users are being counted');
  expect(await shown(world, 'status')).toContain(
    'blueprints are declared, and not seen by a sweep yet: nothing of them is deleted until one has\n',
  );
  expect(await shown(world, 'explain', 'blueprint', 'small')).toContain(
    `  stays: blueprint small (being learned)

blueprint small stays for now: lease templates that were there before "blueprint" was declared are being counted. It goes by itself once that has ended and nothing uses it.
`,
  );
  expect((await json('status')).learning).toEqual([{ kind: 'blueprint' }, { kind: 'leaseTemplate' }]);
  await backend.deliver();
  await sweep();
  await backend.deliver();
  expect(await shown(world, 'status')).toContain('blocked: used by lease template week (not marked)');
  expect((await json('status')).learning).toBeUndefined();
});

describe('what is of SwarmKit alone', () => {
  it.each([
    [['rm', '--stack', 'x'], /stacks and labels are those of SwarmKit's/],
    [['ls', '--label', 'x'], /stacks and labels are those of SwarmKit's/],
    [['graph', '--stack', 'x'], /stacks and labels are those of SwarmKit's/],
    [
      ['export'],
      /snapshots are of SwarmKit's services, networks and tasks: .*; the kinds of this deployment are hackathon, /,
    ],
  ])('is refused with a sentence: %j', async (args, words) => {
    const { cli } = await ideas();
    const { status, stderr } = await cli(args);
    expect(status).toBe(1);
    expect(stderr).toMatch(words);
  });

  it('is no kind here', async () => {
    const { cli } = await ideas();
    const { status, stderr } = await cli(['rm', 'service/web']);
    expect(status).toBe(2);
    expect(stderr).toContain(
      '"service/web" is not a kind; allowed: hackathon, category, idea, or an object such as hackathon/web',
    );
  });
});

it('a ring of marked items is told with a way out of it, and that works', async () => {
  const world = memoryKinds({
    kinds: {
      folder: {
        table: 'folders',
        key: { owner: '${owner}', id: '${folder}' },
        dependsOn: [{ kind: 'folder', by: 'value', at: 'parent' }],
      },
    },
  });
  const { backend, cli, client } = world;
  const [root, docs, sub] = [
    { owner: 'bob', folder: 'root' },
    { owner: 'bob', folder: 'docs' },
    { owner: 'bob', folder: 'a/b' },
  ] as const;
  await client.create('folder', root, {});
  await client.create('folder', docs, { parent: 'root' });
  await client.create('folder', sub, { parent: 'docs' });
  const letGo = () => client.update('folder', root, (folder) => ({ ...folder, parent: undefined }));
  await client.update('folder', root, (folder) => ({ ...folder, parent: 'docs' }));
  for (const id of [root, docs, sub]) await client.remove('folder', id, { whenInUse: 'wait' });
  await backend.deliver();
  expect(await shown(world, 'explain', 'folder/bob/docs')).toContain(
    'folder bob/docs, folder bob/root wait for one another in a ring, so none of them ever goes: undelete one ("deallocator undelete"), update it not to use the next, and remove it again.\n',
  );

  await expect(letGo()).rejects.toMatchObject({ code: 'FailedPrecondition' });
  await cli(['undelete', 'folder/bob/root', '--yes']);
  await letGo();
  await cli(['rm', 'folder/bob/root', '--yes']);
  await backend.deliver();
  expect(await shown(world, 'status')).toContain('Nothing is marked for deletion.');
});

it('kinds and ids are completed', async () => {
  const { cli } = await ideas();
  const complete = async (...words: string[]) =>
    (await cli(['completion', 'zsh', '--', ...words])).stdout.trim().split('\n');
  expect(await complete('rm', '')).toEqual(['hackathon', 'category', 'idea']);
  expect(await complete('rm', 'categories')).toEqual(['categories']);
  expect(await complete('rm', 'idea', '')).toEqual(['chess', 'go']);
  expect(await complete('explain', 'idea/c')).toEqual(['idea/chess']);
});

it('an undelete is told from attributes of other names, where an item has these for itself', async () => {
  const { client, json, tables } = memoryKinds({
    ...SANDBOX,
    attributes: { unmarkedAt: 'keptOn', unmarkedBy: 'keptBy', unmarkedReason: 'keptFor' },
  });
  await client.create('blueprint', { PK: 'bp#b1', SK: 'blueprint', unmarkedAt: 'hers' });
  await client.remove('blueprint', 'b1');
  await client.undelete('blueprint', 'b1', { by: 'ann', reason: 'still wanted' });
  expect(tables.list('blueprints')).toMatchObject([{ unmarkedAt: 'hers', keptBy: 'ann', keptFor: 'still wanted' }]);
  expect(await json('explain', 'blueprint', 'b1')).toMatchObject({ undeleted: { by: 'ann', reason: 'still wanted' } });
});
