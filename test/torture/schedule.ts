/** One writer and its own little world: some actions, one after the other, whatever else goes on meanwhile. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LocalCloud } from '../../lib/local/local-cloud.ts';
import type { ErrorCode } from '../../lib/protocol/errors.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { type Action, type Cast, perform, randomAction, tell } from '../simulation/writers.ts';
import { Beliefs } from './beliefs.ts';
import { ACTIONS_MAX, ACTIONS_MIN } from './dials.ts';
import type { Journal } from './journal.ts';
import type { TortureCloud } from './torture-cloud.ts';

export type Told = 'done' | ErrorCode;

/** Longer than most deliveries, shorter than a timeout: actions land before, in and after the work of the functions. */
const BETWEEN_ACTIONS_MILLIS = 150;

/** On a busy machine the functions fall behind the writers, and would find everything over. */
const WAIT_SHARE = 0.6;
/** A frozen function, or one that has nothing to do, is not waited for. */
const WAIT_MAX_MILLIS = 4_000;

/** Schedules that end with a removal of everything. */
const CLOSING_SHARE = 0.6;

export interface Schedule {
  /** All its ids begin with this. */
  readonly prefix: string;
  readonly cast: Cast;
  readonly actions: readonly Action[];
  readonly pausesMillis: readonly number[];
  /** After which actions the writer waits, if it was a mark, until a function has done something for it. */
  readonly waits: readonly boolean[];
  readonly beliefs: Beliefs;
}

export function planSchedule(number: number, seed: number, raw: boolean): Schedule {
  const prefix = `s${number}-`;
  const cast: Cast = {
    services: ['web', 'db'].map((id) => prefix + id),
    networks: ['front', 'back'].map((id) => prefix + id),
    tasks: ['1', '2'],
    raw,
  };
  const { fraction } = testChance(seed * 1_000 + number);
  const count = ACTIONS_MIN + Math.floor(fraction() * (ACTIONS_MAX - ACTIONS_MIN + 1));
  const opening = openingOf(cast);
  const closing = fraction() < CLOSING_SHARE ? shuffled(closingOf(cast), fraction) : [];
  const middle = Math.max(0, count - opening.length - closing.length);
  const actions = [...opening, ...Array.from({ length: middle }, () => randomAction(cast, fraction)), ...closing];
  const pausesMillis = actions.map(() => fraction() ** 2 * BETWEEN_ACTIONS_MILLIS);
  const waits = actions.map(() => fraction() < WAIT_SHARE);
  return { prefix, cast, actions, pausesMillis, waits, beliefs: new Beliefs(cast) };
}

/** Something to remove: from an empty world, most random actions would find nothing. */
function openingOf({ services, networks, tasks }: Cast): readonly Action[] {
  return [
    ...networks.map((id): Action => ({ do: 'createNetwork', id })),
    ...services.map((id, index): Action => ({ do: 'createService', id, networks: networks.slice(index) })),
    ...services.map((serviceId): Action => ({ do: 'createTask', serviceId, id: tasks[0] as string })),
  ];
}

/** Everything is taken down, in any order. */
function closingOf({ services, networks, tasks }: Cast): readonly Action[] {
  return [
    ...networks.map((id): Action => ({ do: 'mark', kind: 'network', id })),
    ...services.map((id): Action => ({ do: 'mark', kind: 'service', id })),
    ...services.flatMap((serviceId) => tasks.map((id): Action => ({ do: 'deleteTask', serviceId, id }))),
  ];
}

function shuffled<T>(items: readonly T[], fraction: () => number): T[] {
  return items
    .map((item) => ({ item, at: fraction() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

export async function tellSchedule(
  { cloud, client, db, tables }: TortureCloud,
  { prefix, actions, pausesMillis, waits, beliefs }: Schedule,
  journal: Journal,
  onAction: () => void,
): Promise<void> {
  for (const [index, action] of actions.entries()) {
    await pause(pausesMillis[index]);
    const told = await perform(client, db, tables, action).catch((error: unknown): Told => {
      // What a raw hand's SDK gives up, the typed client has a code for.
      if (action.do.startsWith('raw')) return 'Unavailable';
      throw error;
    });
    beliefs.learn(action, told);
    journal.write(prefix, `${tell(action)}: ${told}`);
    journal.count(`action ${told}`);
    onAction();
    if (waits[index] && action.do === 'mark' && action.kind === 'service' && told === 'done') {
      await nextDelivery(cloud, prefix);
    }
  }
}

async function nextDelivery(cloud: LocalCloud, prefix: string): Promise<void> {
  const delivered = Promise.withResolvers<void>();
  const forget = cloud.onDelivery(({ records, result }) => {
    if (result === 'succeeded' && JSON.stringify(records).includes(prefix)) delivered.resolve();
  });
  await Promise.race([delivered.promise, pause(WAIT_MAX_MILLIS)]);
  forget();
}
