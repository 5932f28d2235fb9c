/** The checkers of these stories can fail: each finds the wrong that it is there for. */
import { describe, expect, it } from 'vitest';
import type { World } from '../../lib/protocol/invariants.ts';
import type { Promised } from '../../lib/protocol/violations.ts';
import type { Action, Cast } from '../simulation/writers.ts';
import { network, service } from '../support/objects.ts';
import { Beliefs } from './beliefs.ts';
import { readWaves } from './dials.ts';
import { type Happening, judge } from './history.ts';
import type { Told } from './schedule.ts';

const MARK = { pendingDelete: true, markedAt: 'm' };

type Step = Pick<Happening, 'table' | 'name' | 'keys'> & Partial<Happening>;

/** Numbers count from 1, unless a step has its own. */
function told(steps: readonly Step[]): Happening[] {
  return steps.map((step, index) => ({ before: undefined, after: undefined, number: index + 1, ...step }));
}

const put = (table: 'services' | 'networks', item: Record<string, unknown>) =>
  ({ table, name: 'INSERT', keys: { id: item.id }, after: item }) as const;
const remove = (table: 'services' | 'networks', item: Record<string, unknown>) =>
  ({ table, name: 'REMOVE', keys: { id: item.id }, before: item }) as const;
const task = (name: string) => ({ table: 'tasks', name, keys: { serviceId: 'web', id: 't' } }) as const;
const attachment = (name: string) =>
  ({ table: 'attachments', name, keys: { held: 'network#front', holder: 'service#web' } }) as const;

describe('the judge of a history', () => {
  const web = service('web', ['front'], MARK);
  const front = network('front', MARK);
  const right = [put('services', service('web', ['front'])), attachment('INSERT'), task('INSERT'), task('REMOVE')];

  it('finds nothing wrong in a drain', () => {
    const gone = [remove('services', web), { ...attachment('REMOVE'), number: 7 }, remove('networks', front)];
    const history = told([...right, ...gone]);
    expect(judge(history)).toEqual({ violations: [], servicesDeleted: 1, networksDeleted: 1 });
  });

  it.each<[Promised, string, readonly Step[]]>([
    [
      'S1',
      'a service that goes before its task',
      [...right.slice(0, 3), remove('services', web), attachment('REMOVE')],
    ],
    ['S1', 'a task that is put on a marked service', [put('services', web), task('INSERT')]],
    ['S1', 'a task that is put on no service', [task('INSERT')]],
    ['S2', 'a network that goes before its service', [...right, remove('networks', front)]],
    ['S3', 'a service without a mark that goes', [put('services', web), remove('services', service('web'))]],
    ['S3', 'a network without a mark that goes', [remove('networks', network('front'))]],
    ['S6', 'a service that goes without its attachment', [...right, remove('services', web)]],
    [
      'S6',
      'an attachment that goes after its service, not with it',
      [...right, remove('services', web), { ...attachment('REMOVE'), number: 9 }],
    ],
  ])('%s finds %s', (promise, _, steps) => {
    expect(judge(told(steps)).violations.map((violation) => violation.promise)).toEqual([promise]);
  });
});

describe('beliefs', () => {
  const cast: Cast = { services: ['web'], networks: ['front'], tasks: ['t'], raw: false };
  const world = (more: Partial<World>): World => ({
    services: [],
    networks: [],
    tasks: [],
    attachments: [],
    counters: [],
    ...more,
  });
  const create: Action = { do: 'createService', id: 'web', networks: [] };
  const mark: Action = { do: 'mark', kind: 'service', id: 'web' };
  const undelete: Action = { do: 'undelete', kind: 'service', id: 'web' };
  const createTask: Action = { do: 'createTask', serviceId: 'web', id: 't' };
  const deleteTask: Action = { do: 'deleteTask', serviceId: 'web', id: 't' };
  const states = {
    absent: world({}),
    living: world({ services: [{ id: 'web' }] }),
    marked: world({ services: [{ id: 'web', ...MARK }] }),
  };

  it.each<[string, readonly (readonly [Action, Told])[], readonly (keyof typeof states)[]]>([
    ['created', [[create, 'done']], ['living']],
    ['created perhaps', [[create, 'Unavailable']], ['absent', 'living']],
    [
      'marked',
      [
        [create, 'done'],
        [mark, 'done'],
      ],
      ['absent', 'marked'],
    ],
    [
      'marked perhaps',
      [
        [create, 'done'],
        [mark, 'Unavailable'],
      ],
      ['absent', 'living', 'marked'],
    ],
    [
      'undeleted',
      [
        [create, 'done'],
        [mark, 'done'],
        [undelete, 'done'],
      ],
      ['living'],
    ],
    [
      'undeleted too late',
      [
        [create, 'done'],
        [mark, 'done'],
        [undelete, 'NotFound'],
      ],
      ['absent'],
    ],
    [
      'given a task after an unsure mark',
      [
        [create, 'done'],
        [mark, 'Aborted'],
        [createTask, 'done'],
        [deleteTask, 'done'],
      ],
      ['living'],
    ],
  ])('of a service that was %s', (_, steps, allowed) => {
    const beliefs = new Beliefs(cast);
    for (const [action, answer] of steps) beliefs.learn(action, answer);
    const agreeing = Object.entries(states).filter(([, state]) => beliefs.disagreements(state).length === 0);
    expect(agreeing.map(([name]) => name)).toEqual(allowed);
  });

  it('of tasks: there until deleted', () => {
    const beliefs = new Beliefs(cast);
    const withTask = world({ services: [{ id: 'web' }], tasks: [{ serviceId: 'web', id: 't' }] });
    beliefs.learn(create, 'done');
    beliefs.learn(createTask, 'done');
    expect(beliefs.disagreements(withTask)).toEqual([]);
    expect(beliefs.disagreements(states.living)).toEqual(['task web/t was created and never deleted, but is gone']);
    beliefs.learn(deleteTask, 'Unavailable');
    expect([withTask, states.living].flatMap((state) => beliefs.disagreements(state))).toEqual([]);
    beliefs.learn(deleteTask, 'done');
    expect(beliefs.disagreements(withTask)).toEqual(['task web/t was deleted, but is there']);
  });
});

it('there are at least 300 schedules, and each kind of wave', () => {
  const waves = readWaves({});
  expect(waves.reduce((sum, { schedules }) => sum + schedules, 0)).toBeGreaterThanOrEqual(300);
  for (const dial of ['raw', 'drops', 'engineRestarts'] as const) {
    expect(new Set(waves.map((wave) => Boolean(wave[dial]))).size).toBe(2);
  }
  expect(readWaves({ TORTURE_SEED: '7', TORTURE_WAVE: '3' })).toMatchObject([{ number: 3, seed: 7003 }]);
});
