/** Tasks that the typed client creates behind the fence, and those that it deletes. */

import { beforeEach, describe, expect, it } from 'vitest';
import { MARKED } from '../support/objects.ts';
import {
  caught,
  client,
  expectInvalid,
  expectRefusal,
  hooks,
  ids,
  loseAnswer,
  raw,
  sent,
  useClient,
} from './client-on-engine.ts';

useClient();

describe('createTasks', () => {
  beforeEach(async () => {
    await client.createService({ id: 'web' });
  });
  const taskIds = async () => (await raw.world()).tasks.map(({ id }) => id).sort();

  it('puts tasks as they are given, under their service', async () => {
    await client.createTask('web', { id: 't1', slot: 1 });
    await client.createTasks('web', [{ id: 't2', serviceId: 'elsewhere' }]);
    expect(await raw.get('tasks', { serviceId: 'web', id: 't1' })).toEqual({ serviceId: 'web', id: 't1', slot: 1 });
    expect(await raw.get('tasks', { serviceId: 'web', id: 't2' })).toEqual({ serviceId: 'web', id: 't2' });
    expect((await raw.world()).tasks).toHaveLength(2);
  });

  it('S1 refuses a service that is marked, and puts none', async () => {
    await client.removeService('web');
    await expectRefusal(
      () => client.createTask('web', { id: 't1' }),
      'FailedPrecondition',
      'service web is marked for deletion',
      'task t1 was not created',
    );
    const error = await caught(client.createTasks('web', [{ id: 't1' }, { id: 't2' }]));
    expect(String(error)).toContain('its 2 new tasks were not created');
    expect(error).toMatchObject({ blockers: ['service#web'], done: [] });
  });

  it('S1 refuses a service whose mark a raw writer left without a time', async () => {
    await raw.put('services', { id: 'web', ...MARKED });
    await expectRefusal(() => client.createTask('web', { id: 't1' }), 'FailedPrecondition', 'marked');
  });

  it.each([['true'], [1], [null], [false]])(
    'takes pendingDelete %j of a service for no mark',
    async (pendingDelete) => {
      await raw.put('services', { id: 'web', pendingDelete });
      await client.createTask('web', { id: 't1' });
      expect(await taskIds()).toEqual(['t1']);
    },
  );

  it('S1 refuses a service that is not there', async () => {
    await expectRefusal(() => client.createTask('nobody', { id: 't1' }), 'NotFound', 'service nobody is not there');
  });

  it('lets tasks in again after an undelete', async () => {
    await client.removeService('web');
    await client.undeleteService('web');
    await client.createTask('web', { id: 't1' });
    expect(await taskIds()).toEqual(['t1']);
  });

  it('refuses an id that is taken, by name, and puts none of the others', async () => {
    await client.createTasks('web', [{ id: 't1' }, { id: 't2' }]);
    await expectRefusal(
      () =>
        client.createTasks(
          'web',
          ['t0', 't1', 't2', 't3'].map((id) => ({ id })),
        ),
      'AlreadyExists',
      'service web has task t1, t2 already',
      'its 4 new tasks were not created',
    );
    await client.createService({ id: 'api' });
    await client.createTask('api', { id: 't1' });
  });

  it('puts 250 tasks, 99 a transaction', async () => {
    await client.createTasks(
      'web',
      ids(250, 't').map((id) => ({ id })),
    );
    expect(await taskIds()).toEqual(ids(250, 't'));
    expect(sent.filter((request) => request === 'TransactWriteItems')).toHaveLength(1 + 3);
  });

  it('names in `done` what was created before it stopped', async () => {
    const all = ids(250, 't');
    await client.createTask('web', { id: 't200' });
    const error = await caught(
      client.createTasks(
        'web',
        all.map((id) => ({ id })),
      ),
    );
    expect(error).toMatchObject({ code: 'AlreadyExists', done: all.slice(0, 198) });
    expect(String(error)).toContain('task t200');
    expect(await taskIds()).toEqual([...all.slice(0, 198), 't200']);
  });

  it('keeps the blockers when a mark comes in between, and names what was done', async () => {
    let transactions = 0;
    hooks.before = async (request) => {
      if (request === 'TransactWriteItems' && ++transactions === 2) await raw.put('services', { id: 'web', ...MARKED });
    };
    const all = ids(150, 't');
    const error = await caught(
      client.createTasks(
        'web',
        all.map((id) => ({ id })),
      ),
    );
    expect(error).toMatchObject({ code: 'FailedPrecondition', blockers: ['service#web'], done: all.slice(0, 99) });
    expect(await taskIds()).toEqual(all.slice(0, 99));
  });

  it('succeeds when the answer is lost after the commit', async () => {
    loseAnswer('TransactWriteItems');
    await client.createTask('web', { id: 't1' });
    expect(await taskIds()).toEqual(['t1']);
  });

  it('refuses an id that is given twice before anything is sent', async () => {
    await expectInvalid(
      () => client.createTasks('web', [{ id: 't1' }, { id: 't2' }, { id: 't1' }]),
      'task t1 was given twice',
    );
    const far = [...ids(150, 't'), 't000'].map((id) => ({ id }));
    await expectInvalid(() => client.createTasks('web', far), 'task t000 was given twice');
  });

  it('refuses one unfit task among many before anything is sent', async () => {
    await expectInvalid(() => client.createTasks('web', [...ids(150, 't').map((id) => ({ id })), { id: '' }]), 'empty');
    await expectInvalid(() => client.createTask('web', null as never), 'a task is null');
    await expectInvalid(() => client.createTask('', { id: 't1' }), "a service's id is empty");
  });
});

describe('deleteTasks', () => {
  it('deletes 60 tasks, those that are not there included', async () => {
    await client.createService({ id: 'web' });
    await client.createService({ id: 'api' });
    await client.createTasks(
      'web',
      ids(40, 't').map((id) => ({ id })),
    );
    await client.createTask('api', { id: 't000' });
    await client.deleteTasks('web', ids(60, 't').slice(1));
    expect((await raw.world()).tasks.map(({ serviceId, id }) => `${serviceId}.${id}`).sort()).toEqual([
      'api.t000',
      'web.t000',
    ]);
    await client.deleteTask('web', 't000');
    await client.deleteTask('web', 't000');
    expect((await client.listTasks('web')).items).toEqual([]);
  });

  it('takes an id that is given twice once', async () => {
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: 't1' });
    await client.deleteTasks('web', ['t1', 't1', 't2', 't1']);
    expect((await raw.world()).tasks).toEqual([]);
  });

  it('deletes tasks of a service that is marked, or gone', async () => {
    await raw.put('tasks', { serviceId: 'gone', id: 't1' });
    await client.deleteTask('gone', 't1');
    expect((await raw.world()).tasks).toEqual([]);
  });

  it('sends nothing for no task, and refuses an unfit id among many before anything is sent', async () => {
    await client.deleteTasks('web', []);
    expect(sent).toEqual([]);
    await expectInvalid(() => client.deleteTasks('web', [...ids(30, 't'), '']), "a task's id is empty");
    await expectInvalid(() => client.deleteTask(7 as never, 't1'), "a service's id is 7");
  });
});
