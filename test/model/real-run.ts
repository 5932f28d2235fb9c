/**
 * A run of the real protocol code over tables in memory: a seeded scheduler picks who goes on at every request, and each
 * request is told to the model. Batches hold one parent's records, so that a handler of the model stands for each.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { asReadOf, heldIn } from '../../lib/dynamodb/items.ts';
import type { StoredItem } from '../../lib/dynamodb/requests.ts';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import type { Chance } from '../../lib/protocol/chance.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import type { Store } from '../../lib/protocol/store.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import type { LambdaRecord } from '../../lib/testing/memory/tables.ts';
import { Crash, wrapStore } from '../support/faults.ts';
import { memoryBackend } from '../support/memory-backend.ts';
import { memoryWriters } from '../support/memory-writers.ts';
import { PLAN } from '../support/swarmkit.ts';
import { Follower, maskOf, type Observation, type Undelivered } from './conformance.ts';
import type { DrainModel } from './model.ts';
import type { StepName } from './names.ts';
import * as S from './state.ts';

/** Writers, deliveries and requests that the scheduler picks before faults stop. */
const STEPS_MIN = 20;
const STEPS_MAX = 90;
const INVOCATIONS_MAX = 3;
/** A run that isn't done after so many turns never will be. */
const TURNS_MAX = 5_000;
const STREAMS = ['tasks', 'attachments', 'services', 'networks'] as const satisfies TableName[];
type Stream = (typeof STREAMS)[number];
/** A sweep's own memory, which is no part of the protocol. */
const CURSOR_REQUESTS = ['readSweepCursor', 'writeSweepCursor'];

export interface Ran {
  /** What the model didn't accept, if anything; else what was left at rest that should not be. */
  readonly refused: string | undefined;
  readonly story: readonly string[];
  readonly steps: number;
  readonly crashes: number;
  readonly duplicates: number;
  readonly deletions: number;
}

interface Invocation {
  readonly actor: string;
  readonly parent: string;
  readonly table: Stream | undefined;
  readonly records: readonly LambdaRecord[];
  hasBegun: boolean;
}

interface Turn {
  readonly invocation: Invocation;
  take(): void;
  die(): void;
}

export interface RealRun {
  readonly seed: number;
  readonly sweeps: boolean;
  /** Takes the place of the function for a service's mark: a mutant of settle. */
  readonly settleMarked?: (store: Store, chance: Chance, id: string) => Promise<void>;
}

/** The model's name of a request. Its tasks hold no networks, so whoever refers to one is a parent. */
function stepOf(request: string): StepName {
  return request === 'readItem' ? 'readParent' : (request as StepName);
}

export async function runReal(model: DrainModel, { seed, sweeps, settleMarked }: RealRun): Promise<Ran> {
  const random = testChance(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)] as T;
  const { size } = model.layout;
  const services = ['web', 'api'].slice(0, size.services);
  const networks = ['front', 'back'].slice(0, size.networks);
  const tasks = ['t1', 't2', 't3'].slice(0, size.tasks);
  const story: string[] = [];
  const counts = { steps: 0, crashes: 0, duplicates: 0, deletions: 0 };
  let refused: string | undefined;
  let isFree = false;
  let running = 0;
  let invocations = 0;
  const turns: Turn[] = [];
  const current = new AsyncLocalStorage<Invocation>();
  const waiting = new Set<Invocation>();
  const again = new Set<LambdaRecord>();
  const delivered: { table: Stream; record: LambdaRecord }[] = [];

  const follow = (step: StepName, about?: string, actor?: string, outcome?: string) => {
    counts.steps++;
    story.push(`${actor ?? 'a writer'} ${step} ${about ?? ''}${outcome === undefined ? '' : ` (${outcome})`}`);
    if (refused === undefined && !follower.follow(step, about, actor, observation(), outcome)) {
      refused = `the model refuses: ${story.at(-1)}`;
    }
  };
  const waitTurn = (invocation: Invocation) =>
    new Promise<void>((resolve, reject) => {
      turns.push({ invocation, take: resolve, die: () => reject(new Crash('the process died')) });
    });

  let handlersStore: Store | undefined;
  const backend = memoryBackend({
    seed,
    wrap: (inner) => {
      handlersStore = wrapStore(inner, async (request, call) => {
        const invocation = current.getStore() as Invocation;
        if (CURSOR_REQUESTS.includes(request)) return call();
        await waitTurn(invocation);
        invocation.hasBegun = true;
        waiting.delete(invocation);
        const answer = await call();
        if (request === 'decrement') for (const record of invocation.records) again.add(record);
        const isListing = request.startsWith('list') && request !== 'listAttached';
        if (isListing) follow(request as StepName);
        else follow(stepOf(request), invocation.parent, invocation.actor, outcomeOf(answer));
        await waitTurn(invocation);
        return answer;
      });
      return handlersStore;
    },
  });
  const { streams } = backend.tables;
  const pending = () => [
    ...STREAMS.flatMap((table) => streams[table].map((record) => ({ table, record }))),
    ...[...waiting].flatMap(({ table, records }) => records.map((record) => ({ table: table as Stream, record }))),
  ];
  const observation = (): Observation => {
    const undelivered = new Map<string, Undelivered>();
    for (const { table, record } of pending()) {
      const name = nameOfParent(table, record);
      const { uncounted = 0, bits = 0, heals = 0 } = undelivered.get(name) ?? {};
      if (table === 'tasks' || table === 'attachments') {
        if (record.eventName !== 'REMOVE') continue;
        const isAgain = again.has(record);
        undelivered.set(name, {
          uncounted: uncounted + (isAgain ? 0 : 1),
          bits: bits | (isAgain ? S.AGAIN : 0),
          heals,
        });
      } else {
        undelivered.set(name, { uncounted, bits: bits | bitsOf(record), heals: heals | healsOf(model, table, record) });
      }
    }
    return { tables: backend.tables.world(), undelivered };
  };
  const follower = new Follower(model, observation());
  let marks = 0;
  const write = memoryWriters(backend.tables, () => `m${++marks}`);

  const start = (table: Stream | undefined, parent: string, records: readonly LambdaRecord[], isDuplicate = false) => {
    const invocation = { actor: `${table ?? 'sweep'} ${++invocations}`, parent, table, records, hasBegun: false };
    running++;
    if (table !== undefined && !isDuplicate) waiting.add(invocation);
    const end = (failures: number) => {
      running--;
      waiting.delete(invocation);
      const { actor, hasBegun } = invocation;
      // A duplicate that dies before its first request has never come.
      if (failures > 0 && table !== undefined && (hasBegun || !isDuplicate)) streams[table].push(...records);
      if (failures > 0 && hasBegun) {
        counts.crashes++;
        follow('crash', parent, actor);
      } else if (hasBegun && refused === undefined && !follower.returned(actor)) {
        refused = `${actor} returned, where the model goes on`;
      }
    };
    const id = parent.slice(parent.indexOf('#') + 1);
    const isMutant =
      settleMarked !== undefined && table === 'services' && records.some((record) => bitsOf(record) === S.MARK_RECORD);
    current.run(invocation, () => {
      if (table === undefined) {
        follow('startSweep');
        backend.sweep({ restart: true }).then(
          () => end(0),
          () => end(1),
        );
      } else if (isMutant && handlersStore !== undefined) {
        settleMarked(handlersStore, backend.chance, id).then(
          () => end(0),
          () => end(1),
        );
      } else {
        backend.invoke(table, records).then(
          ({ batchItemFailures }) => end(batchItemFailures.length),
          () => end(1),
        );
      }
    });
  };
  const deliver = (): boolean => {
    const table = pick(STREAMS.filter((name) => streams[name].length > 0));
    if (table === undefined) return false;
    const first = pick(streams[table]);
    const parent = nameOfParent(table, first);
    const most = again.has(first) ? 1 : 1 + Math.floor(random.fraction() * 2);
    const batch = [
      first,
      ...streams[table].filter(
        (record) => record !== first && !again.has(record) && nameOfParent(table, record) === parent,
      ),
    ];
    const records = batch.slice(0, most);
    streams[table].splice(0, Number.POSITIVE_INFINITY, ...streams[table].filter((record) => !records.includes(record)));
    delivered.push(...records.map((record) => ({ table, record })));
    start(table, parent, records);
    return true;
  };
  const duplicate = () => {
    const found = pick(delivered);
    if (found === undefined) return;
    counts.duplicates++;
    const record = { ...found.record };
    again.add(record);
    delivered.push({ table: found.table, record });
    const parent = nameOfParent(found.table, record);
    start(found.table, parent, [record], true);
  };
  const actions: readonly (() => [StepName, string] | false)[] = [
    () =>
      told('createService', 'service', pick(services), (id) =>
        write.createService(
          id,
          networks.filter(() => random.fraction() < 0.6),
        ),
      ),
    () => told('createNetwork', 'network', pick(networks), (id) => write.createNetwork(id)),
    () => told('createTask', 'service', pick(services), (id) => write.createTask(id, pick(tasks))),
    () => told('deleteTask', 'service', pick(services), (id) => write.deleteTask(id, pick(tasks))),
    () => told('deleteTask', 'service', pick(services), (id) => write.deleteTask(id, pick(tasks))),
    () => told('mark', 'service', pick(services), (id) => write.mark('services', id)),
    () => told('mark', 'network', pick(networks), (id) => write.mark('networks', id)),
    () => told('unmark', 'service', pick(services), (id) => random.fraction() < 0.3 && write.undelete('services', id)),
    () => told('unmark', 'network', pick(networks), (id) => random.fraction() < 0.3 && write.undelete('networks', id)),
    () =>
      told('updateService', 'service', pick(services), (id) => {
        const before = JSON.stringify(backend.tables.world().services);
        const isDone = write.updateService(
          id,
          networks.filter(() => random.fraction() < 0.5),
        );
        return isDone && before !== JSON.stringify(backend.tables.world().services);
      }),
  ];

  const steps = STEPS_MIN + Math.floor(random.fraction() * (STEPS_MAX - STEPS_MIN));
  let isSweeping = false;
  for (let n = 0; n < steps && refused === undefined; n++) {
    const dice = random.fraction();
    isSweeping = [...turns].some(({ invocation }) => invocation.table === undefined);
    if (turns.length > 0 && dice < 0.55) takeTurn();
    else if (dice < 0.8) {
      const done = pick(actions)();
      if (done !== false) follow(done[0], done[1]);
    } else if (running < INVOCATIONS_MAX) {
      if (sweeps && !isSweeping && random.fraction() < 0.1) start(undefined, 'service#web', []);
      else if (random.fraction() < 0.15) duplicate();
      else deliver();
    }
    await setImmediate();
  }
  isFree = true;
  for (let n = 0; refused === undefined && (running > 0 || deliver()); n++) {
    if (n > TURNS_MAX) throw new Error(`seed ${seed}: not done after ${TURNS_MAX} turns`);
    if (turns.length > 0) takeTurn();
    await setImmediate();
  }
  if (refused !== undefined) for (const turn of turns.splice(0)) turn.die();
  const left = refused === undefined ? checkRest(backend.tables.world()) : [];
  if (left.length > 0) refused = `left at rest: ${JSON.stringify(left)}`;
  counts.deletions = backend.log.filter(({ decision }) => decision === 'deleted').length;
  return { refused, story, ...counts };

  function takeTurn(): void {
    const [turn] = turns.splice(Math.floor(random.fraction() * turns.length), 1);
    if (turn === undefined) return;
    const { invocation } = turn;
    // One that has made its last request can't die: that would be a duplicate, which has a dial of its own.
    const mayDie =
      !isFree && invocation.table !== undefined && !(invocation.hasBegun && follower.mayHaveReturned(invocation.actor));
    if (mayDie && random.fraction() < 0.06) turn.die();
    else turn.take();
  }
  function told(
    step: StepName,
    kind: string,
    id: string | undefined,
    done: (id: string) => boolean,
  ): [StepName, string] | false {
    return id !== undefined && done(id) && [step, `${kind}#${id}`];
  }
}

function outcomeOf(answer: unknown): string | undefined {
  if (typeof answer === 'string') return answer;
  const { status } = (answer ?? {}) as { status?: string };
  return status;
}

type Image = Record<string, { S?: string; BOOL?: boolean }> | undefined;

function nameOfParent(table: Stream, { dynamodb }: LambdaRecord): string {
  const keys = dynamodb.Keys as Record<string, { S: string }>;
  const key = { tasks: 'serviceId', attachments: 'held', services: 'id', networks: 'id' }[table];
  const told = keys[key]?.S as string;
  if (table === 'attachments') return told;
  return itemName({ kind: table === 'networks' ? 'network' : 'service', id: told });
}

/** What a parent's record asks for, told from its images. */
function bitsOf({ eventName, dynamodb }: LambdaRecord): number {
  const before = dynamodb.OldImage as Image;
  const after = dynamodb.NewImage as Image;
  const isMarked = after?.pendingDelete?.BOOL === true;
  const wasMarked = before?.pendingDelete?.BOOL === true;
  if (eventName === 'REMOVE') return wasMarked ? S.CLEAR_RECORD : 0;
  if (isMarked && after?.markedAt === undefined) return S.UNTIMED_RECORD;
  if (isMarked) return !wasMarked || before?.markedAt?.S !== after?.markedAt?.S ? S.MARK_RECORD : 0;
  if (after?.markedAt !== undefined) return S.MARK_RECORD;
  return wasMarked ? S.CLEAR_RECORD : 0;
}

function healsOf(model: DrainModel, table: Stream, { dynamodb }: LambdaRecord): number {
  if (table !== 'services') return 0;
  const images = [dynamodb.OldImage, dynamodb.NewImage] as (StoredItem | undefined)[];
  const [before, after] = images.map((image) => image && asReadOf(PLAN, 'service', image));
  if (isDeepStrictEqual(before, after)) return 0;
  const held = images.flatMap((image) =>
    image === undefined ? [] : heldIn(PLAN, { kind: 'service', id: String(image.id?.S) }, image),
  );
  return maskOf(
    model.layout,
    held.map(({ id }) => id),
  );
}
