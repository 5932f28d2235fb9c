/** The client of kinds of one's own, on DynamoDB Local: keys with constant text, two parts, several holders, trees, own attribute names. */

import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { DeallocatorClient, defineLifecycle } from '../../lib/client/index.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { kindTables } from '../support/kind-tables.ts';
import { caught } from './client-on-engine.ts';

const TREE = defineLifecycle({
  kinds: {
    drive: { table: 'drives', key: { pk: 'D#${drive}', sk: 'drive' } },
    folder: {
      table: 'folders',
      key: { pk: 'D#${drive}', sk: 'F#${folder}' },
      dependsOn: [
        { kind: 'drive', by: 'key', onDelete: 'restrict' },
        { kind: 'folder', by: 'value', at: 'parent' },
      ],
    },
    file: {
      table: 'files',
      key: { place: 'D#${drive}', name: '${folder}/${file}' },
      dependsOn: [
        { kind: 'folder', by: 'key', onDelete: 'restrict' },
        { kind: 'tag', by: 'value', at: ['tags[]', 'main-tag'] },
      ],
      goneWhen: { at: 'state', isOneOf: ['trashed'] },
    },
    tag: { table: 'tags', key: { 'tag-id': '${tag}' } },
  },
  attributes: { pendingDelete: 'is-going', markedAt: 'going-since', protected: 'keep' },
});

const chance = testChance();

describe('a client of sandbox leases', () => {
  let own: Awaited<ReturnType<typeof kindTables>>;
  let client: DeallocatorClient<typeof SANDBOX>;
  beforeAll(async () => {
    own = await kindTables(SANDBOX);
    const { tables, connection } = own;
    client = new DeallocatorClient({ lifecycle: SANDBOX, tables, connection, chance });
    await client.create('blueprint', 'b1', { name: 'first' });
    await client.create('leaseTemplate', { uuid: 't1', blueprintId: 'b1' });
    await client.create(
      'lease',
      { user: 'a@b.org', lease: '1' },
      { originalLeaseTemplateUuid: 't1', status: 'Active' },
    );
  });

  it('puts items by an id or by their keys, with their attachments', async () => {
    expect(await client.get('blueprint', 'b1')).toEqual({ PK: 'bp#b1', SK: 'blueprint', name: 'first' });
    expect(await client.get('lease', { user: 'a@b.org', lease: '1' })).toMatchObject({
      userEmail: 'a@b.org',
      uuid: '1',
    });
    expect(await own.attachments()).toEqual([
      'blueprint#b1 < leaseTemplate#t1',
      'leaseTemplate#t1 < lease#7#a@b.org#1',
    ]);
  });

  it('updates attributes whatever they are called, also as a placeholder of ours', async () => {
    await client.create('blueprint', 'named', { name: 'odd' });
    await client.update('blueprint', 'named', (item) => ({ ...item, true: 'no', asRead0: 'as written' }));
    expect(await client.get('blueprint', 'named')).toMatchObject({ name: 'odd', true: 'no', asRead0: 'as written' });
    await client.remove('blueprint', 'named');
    const late = await caught(client.update('blueprint', 'named', (item) => ({ ...item, true: false })));
    expect(late).toMatchObject({ code: 'FailedPrecondition' });
    await client.undelete('blueprint', 'named');
  });

  it('refuses what is taken, in the words of its kind', async () => {
    expect(await caught(client.create('blueprint', 'b1', {}))).toMatchObject({
      code: 'AlreadyExists',
      message: 'blueprint b1 exists and is not marked for deletion; choose another id, or update it',
    });
    const again = client.create('lease', { userEmail: 'a@b.org', uuid: '1', originalLeaseTemplateUuid: 't1' });
    expect(await caught(again)).toMatchObject({
      code: 'AlreadyExists',
      message: 'lease a@b.org/1 exists; choose another id',
    });
  });

  it('S2 refuses what depends on a thing that is not there, and puts nothing', async () => {
    const lease = { userEmail: 'x', uuid: '9', originalLeaseTemplateUuid: 'nowhere' };
    expect(await caught(client.create('lease', lease))).toMatchObject({
      code: 'NotFound',
      message: 'lease template nowhere is not there; lease x/9 was not created; create it first',
    });
    expect((await client.list('lease')).items).toHaveLength(1);
  });

  it('does not mark what is restricted, while something that is not marked or gone uses it', async () => {
    expect(await caught(client.remove('blueprint', 'b1'))).toMatchObject({
      code: 'FailedPrecondition',
      message:
        "blueprint b1 is in use by lease template t1; remove or update it first, or mark the blueprint with whenInUse: 'wait'",
      blockers: ['leaseTemplate#t1'],
    });
    expect(await caught(client.remove('leaseTemplate', 't1'))).toMatchObject({
      message: expect.stringContaining('in use by lease a@b.org/1; remove'),
      blockers: ['lease#7#a@b.org#1'],
    });
    // A raw writer ends it: its attachment stays until it is healed.
    const ended = { userEmail: 'a@b.org', uuid: '1', originalLeaseTemplateUuid: 't1', status: 'Expired' };
    await own.db.send(new PutCommand({ TableName: own.tables.leases as string, Item: ended }));
    expect(await client.remove('leaseTemplate', 't1', { by: 'me' })).toMatchObject({ id: 't1', alreadyMarked: false });
    expect(await client.remove('blueprint', 'b1')).toMatchObject({ alreadyMarked: false });
    expect((await client.listMarked('blueprint')).items).toMatchObject([{ id: 'b1' }]);
  });

  it('S1 lets nothing new depend on what is marked; an undelete ends that', async () => {
    const create = () => client.create('leaseTemplate', { uuid: 't2', blueprintId: 'b1' });
    expect(await caught(create())).toMatchObject({ code: 'FailedPrecondition', blockers: ['blueprint#b1'] });
    expect(await client.undelete('blueprint', 'b1')).toEqual({ id: 'b1', wasMarked: true });
    await create();
    expect(await own.attachments()).toContain('blueprint#b1 < leaseTemplate#t2');
  });

  it('moves attachments with an update, and lets go what ends', async () => {
    await client.create('lease', { userEmail: 'u', uuid: '2', originalLeaseTemplateUuid: 't2', status: 'Active' });
    await client.create('leaseTemplate', { uuid: 't3' });
    const id = { user: 'u', lease: '2' };
    await client.update('lease', id, (lease) => ({ ...lease, originalLeaseTemplateUuid: 't3' }));
    expect(await own.attachments()).toContain('leaseTemplate#t3 < lease#1#u#2');
    expect(await own.attachments()).not.toContain('leaseTemplate#t2 < lease#1#u#2');
    const ended = await client.update('lease', id, (lease) => ({ ...lease, status: 'Expired' }));
    expect(ended).toEqual({ userEmail: 'u', uuid: '2', originalLeaseTemplateUuid: 't3', status: 'Expired' });
    expect((await own.attachments()).filter((name) => name.endsWith('lease#1#u#2'))).toEqual([]);
    await client.update('lease', id, ({ status, ...lease }) => lease);
    expect(await own.attachments()).toContain('leaseTemplate#t3 < lease#1#u#2');
  });

  it('deletes leaves plainly, and only them', async () => {
    await client.delete('lease', [
      { user: 'u', lease: '2' },
      { user: 'nobody', lease: '0' },
    ]);
    expect(await caught(client.get('lease', { user: 'u', lease: '2' }))).toMatchObject({ code: 'NotFound' });
    expect(await caught(client.delete('blueprint' as never, ['b1'] as never))).toMatchObject({
      code: 'InvalidArgument',
      message: 'blueprints are not deleted plainly, since others depend on them; remove them, which marks them',
    });
    expect(await caught(client.remove('lease' as never, { user: 'u', lease: '2' } as never))).toMatchObject({
      message: 'leases are not removed by a mark, since nothing depends on them; delete them',
    });
  });
});

describe('a client of drives, folders and files', () => {
  let own: Awaited<ReturnType<typeof kindTables>>;
  let client: DeallocatorClient<typeof TREE>;
  beforeAll(async () => {
    own = await kindTables(TREE);
    const { tables, connection } = own;
    client = new DeallocatorClient({ lifecycle: TREE, tables, connection, chance });
    await client.createTogether({
      files: [{ place: 'D#d', name: 'f/a', tags: new Set(['red', 'blue']), 'main-tag': 'red' }],
      folders: [
        { pk: 'D#d', sk: 'F#f' },
        { pk: 'D#d', sk: 'F#g', parent: 'f' },
      ],
      drives: [{ pk: 'D#d', sk: 'drive' }],
      tags: [{ 'tag-id': 'red' }, { 'tag-id': 'blue' }],
    });
  });

  it('creates all levels in one transaction, each thing that is held once', async () => {
    expect(await own.attachments()).toEqual([
      'folder#1#d#f < folder#1#d#g',
      'tag#blue < file#1#d#1#f#a',
      'tag#red < file#1#d#1#f#a',
    ]);
  });

  it('lists a kind, and what lies under a key', async () => {
    expect((await client.list('folder', { under: { kind: 'drive', id: 'd' } })).items).toHaveLength(2);
    const files = await client.list('file', { under: { kind: 'folder', id: { drive: 'd', folder: 'f' } } });
    expect(files.items.map(({ name }) => name)).toEqual(['f/a']);
    const none = await client.list('file', { under: { kind: 'folder', id: { drive: 'd', folder: 'g' } } });
    expect(none.items).toEqual([]);
    const wrong = client.list('folder', { under: { kind: 'tag', id: 'red' } });
    expect(await caught(wrong)).toMatchObject({ code: 'InvalidArgument' });
  });

  it('is refused a mark by what lies under it, at each level, and waits where it is told to', async () => {
    expect(await caught(client.remove('drive', 'd'))).toMatchObject({
      message: expect.stringContaining('drive d is in use by folder f of drive d, folder g of drive d; remove'),
      blockers: ['folder#1#d#f', 'folder#1#d#g'],
    });
    const folder = { drive: 'd', folder: 'f' };
    expect(await caught(client.remove('folder', folder))).toMatchObject({ blockers: ['file#1#d#1#f#a'] });
    expect(await client.remove('folder', folder, { whenInUse: 'wait' })).toMatchObject({ id: folder });
    expect(await caught(client.remove('drive', 'd'))).toMatchObject({ blockers: ['folder#1#d#g'] });
    expect((await client.listMarked('folder')).items).toMatchObject([{ id: folder }]);
    expect(await client.get('folder', folder)).toMatchObject({ 'is-going': true, 'going-since': expect.any(String) });
  });

  it('S1 lets nothing come under what is marked', async () => {
    const file = client.create('file', { place: 'D#d', name: 'f/b' });
    expect(await caught(file)).toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('folder f of drive d is marked for deletion'),
    });
    expect(await caught(client.create('file', { place: 'D#d', name: 'nowhere/b' }))).toMatchObject({
      code: 'NotFound',
    });
  });

  it('S1 lets nothing that was gone keep things again under what is marked', async () => {
    const file = { place: 'D#d', name: 'f/t', state: 'trashed' };
    await own.db.send(new PutCommand({ TableName: own.tables.files as string, Item: file }));
    const id = { drive: 'd', folder: 'f', file: 't' };
    const revive = client.update('file', id, ({ place, name }) => ({ place, name }));
    expect(await caught(revive)).toMatchObject({ blockers: ['folder#1#d#f'] });
    const revived = { place: file.place, name: file.name };
    expect(client.hold('file', revived, { before: file })).toMatchObject([{ ConditionCheck: { Key: { sk: 'F#f' } } }]);
    expect(client.hold('file', { ...file, more: 1 }, { before: file })).toEqual([]);
    await client.delete('file', [id]);
  });

  it('does not mark what is protected, and says so', async () => {
    expect(await client.protect('tag', 'red')).toEqual({ id: 'red', changed: true });
    expect(await client.get('tag', 'red')).toEqual({ 'tag-id': 'red', keep: true });
    expect(await caught(client.remove('tag', 'red'))).toMatchObject({ message: expect.stringContaining('protected') });
    expect(await client.unprotect('tag', 'red')).toEqual({ id: 'red', changed: true });
    expect(await client.remove('tag', 'red')).toMatchObject({ alreadyMarked: false });
    expect(await client.undelete('tag', 'red')).toEqual({ id: 'red', wasMarked: true });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'an item that names itself',
      () => client.create('folder', { pk: 'D#d', sk: 'F#x', parent: 'x' }),
      'folder x of drive d names itself at parent',
    ],
    [
      'a reference that is no text',
      () => client.create('folder', { pk: 'D#d', sk: 'F#x', parent: 7 }),
      "a folder's id is 7",
    ],
    [
      'a list that is none',
      () => client.create('file', { place: 'D#d', name: 'f/x', tags: 'red' }),
      'tags of file x of folder f of drive d must be a list',
    ],
    [
      'a key of another form',
      () => client.create('folder', { pk: 'd', sk: 'F#x' }),
      'pk of a folder is "d"; it must have the form D#${drive}',
    ],
    ['an id with a separator', () => client.get('folder', { drive: 'd', folder: 'a/b' }), 'runs into "/"'],
    ['an id of other parts', () => client.get('folder', { drive: 'd' } as never), "a folder's id is missing"],
    ['a text for an id of two parts', () => client.get('folder', 'd' as never), 'must be an object of drive, folder'],
    [
      'a kind that is not declared',
      () => client.get('disk' as never, 'd' as never),
      'the kind is "disk"; this lifecycle has drive, folder, file, tag',
    ],
    [
      'a mark on a new item',
      () => client.create('tag', { 'tag-id': 'x', 'is-going': true }),
      'carries is-going or going-since',
    ],
    ['a key that the id does not say', () => client.create('tag', 'x', { 'tag-id': 'y' }), 'tag-id of tag x is "y"'],
    [
      'another key by an update',
      () => client.update('tag', 'blue', () => ({ 'tag-id': 'y' })),
      'another tag-id, which is its key',
    ],
    [
      'a mark by an update',
      () => client.update('tag', 'blue', (tag) => ({ ...tag, 'is-going': true })),
      'another is-going; use remove',
    ],
    [
      'an update that gives nothing',
      () => client.update('tag', 'blue', () => undefined as never),
      'must give the item',
    ],
  ])('refuses %s', async (_, attempt, message) => {
    const before = await own.items('folders');
    expect(await caught(Promise.resolve().then(attempt))).toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
    });
    expect(await own.items('folders')).toEqual(before);
  });

  describe('parts of transactions of others', () => {
    const put = (item: Record<string, unknown>) => ({ Put: { TableName: own.tables.files as string, Item: item } });
    const write = (...actions: object[]) => own.db.send(new TransactWriteCommand({ TransactItems: actions as never }));
    const file = (name: string, ...tags: string[]) => ({ place: 'D#d', name, ...(tags.length > 0 && { tags }) });
    const held = async () => (await own.attachments()).filter((name) => name.endsWith('#p'));

    it('fence what an item depends on, and attach what it holds', async () => {
      const item = file('g/p', 'red', 'blue');
      await write(put(item), ...client.hold('file', item));
      expect(await held()).toEqual(['tag#blue < file#1#d#1#g#p', 'tag#red < file#1#d#1#g#p']);
      await expect(write(put(file('f/q')), ...client.hold('file', file('f/q')))).rejects.toThrow(
        'ConditionalCheckFailed',
      );
      await expect(write(put(file('g/q')), ...client.hold('file', file('g/q', 'no')))).rejects.toThrow('Conditional');
    });

    it('change what is held, where they are told what it was', async () => {
      const [before, after] = [file('g/p', 'red', 'blue'), file('g/p', 'blue')];
      expect(client.hold('file', after, { before })).toHaveLength(1);
      await write(put(after), ...client.hold('file', after, { before }));
      expect(await held()).toEqual(['tag#blue < file#1#d#1#g#p']);
      expect(() => client.hold('file', after, { before: file('g/z') })).toThrow('give two states of one item');
    });

    it('let go, for the SDK’s plain client too', async () => {
      const TransactItems = client.release('file', file('g/p', 'blue'), { form: 'plain' });
      const fence = client.fence('folder', { drive: 'd', folder: 'g' }, { form: 'plain' });
      await own.plain.send(new TransactWriteItemsCommand({ TransactItems: [...TransactItems, ...fence] }));
      expect(await held()).toEqual([]);
      const marked = client.fence('folder', { drive: 'd', folder: 'f' });
      await expect(write(...marked)).rejects.toThrow('ConditionalCheckFailed');
      expect(() => client.fence('file' as never, {} as never)).toThrow('not removed by a mark');
    });
  });
});
