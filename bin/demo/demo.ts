/** The demo itself: one stack goes, the others go on, and in the end everything is checked. */
import { DeallocatorClient } from '../../lib/client/client.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { LocalCloud } from '../../lib/local/local-cloud.ts';
import { interruptible } from '../../lib/operate/interruptible.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { PROMISES } from '../../lib/protocol/promises.ts';
import { count } from '../cli/text.ts';
import { PROGRESS_EVERY_MILLIS, QUIET_TIMEOUT_MILLIS } from './limits.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { Observation } from './observation.ts';
import { onCloud } from './on-cloud.ts';
import { seededRandom } from './random.ts';
import { findServiceWithTasks, liveOn, markStack, type OthersDone, planStops, stopTasks, tryFence } from './removal.ts';
import type { Drain, Screen } from './screen.ts';
import { compareWithPlan, listStacks, type StackRemoval } from './stack-removal.ts';
import { summarize } from './summary.ts';
import { fold, reasonOf, seconds } from './text.ts';
import { readWorld } from './world.ts';

export interface DemoOptions {
  readonly snapshot: Snapshot;
  readonly plan: StackRemoval;
  readonly seed: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** What is there at the end is not as it must be; each line tells a difference. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

/** Throws a LocalError before anything is built, where Java is missing. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { screen, signal } = options;
  const observation = new Observation(planOf(SWARMKIT));
  await onCloud({ screen, signal, observation }, async ({ cloud, names: { tables, functions }, step }) => {
    const { endpoint, region, accessKeyId, secretAccessKey } = cloud;
    const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    const client = new DeallocatorClient({ tables, connection });
    await step('Load the cluster', describeCluster(options.snapshot), async () => {
      await loadSnapshot(client, options.snapshot, signal);
      await cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS });
    });
    cloud.meter.start();
    const { marked, others } = await removeStack(options, client, cloud, observation);
    const usage = cloud.meter.stop();

    signal.throwIfAborted();
    const world = await readWorld(connect(connection), tables);
    const problems = [
      ...checkRest(world).map(
        ({ promise, message }) => `promise ${promise} is broken (${PROMISES[promise]}): ${message}`,
      ),
      ...compareWithPlan(world, options.plan, others.newServices),
      ...cloud.deadLetters().map(({ body }) => `a dead letter was left: ${JSON.stringify(body)}`),
      ...checkDeletions(options.plan, observation),
    ];
    const { deletions } = observation;
    screen.line(`\n${summarize({ plan: options.plan, marked, deletions, others, usage, functions })}\n`);
    if (problems.length === 0) return;
    const trouble = observation.trouble.length > 0 ? ['the local cloud said:', ...observation.trouble] : [];
    throw new DemoFailure(['the end is not as it must be', ...problems, ...trouble].join('\n  '));
  });
}

/** From the first mark until nothing is left to happen. */
async function removeStack(
  options: DemoOptions,
  client: DeallocatorClient,
  cloud: LocalCloud,
  observation: Observation,
) {
  const { snapshot, plan, screen } = options;
  const startMillis = performance.now();
  const startEpochMillis = Date.now();
  const tasks = new Map(plan.services.map((id) => [id, [] as string[]]));
  for (const { serviceId, id } of snapshot.tasks) tasks.get(serviceId)?.push(id);
  const drains = new Map(
    [...tasks].map(([name, { length }]): [string, Drain] => [
      name,
      { name, tasks: length, left: length, isGone: false },
    ]),
  );
  const others: OthersDone = { replacedTasks: 0, updatedServices: [], newServices: new Map() };
  const events: string[] = [];
  let show: (text: string) => void = (text) => events.push(text);
  observation.onDeletion = ({ kind, id, along, by, atEpochMillis }) => {
    const drain = kind === 'service' ? drains.get(id) : undefined;
    if (drain !== undefined) drain.isGone = true;
    const when = seconds(atEpochMillis - startEpochMillis).padStart(7);
    show(`${when}  ${`${kind} ${id}`.padEnd(28)} deleted: ${reasonOf(by, along)}`);
  };

  const marked = await markStack(client, plan);
  screen.line(`\n${fold(`Stack ${plan.stack} is removed: ${describeRemoval(plan)}.`, screen.columns)}`);
  await showFence(client, plan, tasks, screen);

  const drainList = [...drains.values()];
  const update = () => screen.update(drainList, `${describeUsage(cloud)} · ${describeOthers(others)}`);
  screen.openDrains(drainList);
  const progress = setInterval(update, PROGRESS_EVERY_MILLIS);
  try {
    show = (text) => screen.event(text);
    for (const text of events) show(text);
    await drain(options, client, cloud, tasks, drains, others);
    update();
  } finally {
    clearInterval(progress);
    screen.closeDrains();
  }
  screen.line(`\nAll is quiet ${seconds(performance.now() - startMillis)} after the first mark.`);
  screen.line(fold(describeOthersInFull(others), screen.columns));
  return { marked, others };
}

async function showFence(
  client: DeallocatorClient,
  plan: StackRemoval,
  tasks: ReadonlyMap<string, readonly string[]>,
  screen: Screen,
): Promise<void> {
  const fenced = findServiceWithTasks(plan, tasks);
  if (fenced === undefined) return;
  const refusal = await tryFence(client, fenced);
  if (refusal === undefined) throw new DemoFailure(`the fence let a task into service ${fenced}, which is marked`);
  screen.line(`A new task for one of its services is refused:\n${fold(refusal, screen.columns, '  ')}\n`);
}

/** Stops all tasks of the stack while the others go on, then waits until the cloud is quiet. */
async function drain(
  { snapshot, plan, seed, signal }: DemoOptions,
  client: DeallocatorClient,
  cloud: LocalCloud,
  tasks: ReadonlyMap<string, readonly string[]>,
  drains: ReadonlyMap<string, Drain>,
  others: OthersDone,
): Promise<void> {
  const atEnd = new AbortController();
  const life = liveOn(client, snapshot, plan, seededRandom(seed, 1), others, AbortSignal.any([signal, atEnd.signal]));
  const onStopped = (serviceId: string, stopped: number) => {
    const drain = drains.get(serviceId);
    if (drain !== undefined) drain.left -= stopped;
  };
  const drained = stopTasks(client, planStops(tasks, seededRandom(seed, 0)), onStopped, signal);
  // The others go on until the last task has stopped, and both have ended before anything is checked.
  const ended = await Promise.allSettled([drained.finally(() => atEnd.abort()), life]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  await interruptible(cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS }), { signal });
}

/** Deletions that the functions reported and that were not planned, even if the object has been written anew since. */
function checkDeletions(plan: StackRemoval, { deletions }: Observation): string[] {
  const planned: Readonly<Record<string, readonly string[]>> = { service: plan.services, network: plan.goneNetworks };
  return deletions
    .filter(({ kind, id }) => !planned[kind]?.includes(id))
    .map(({ kind, id, by }) => `${by} deleted ${kind} ${id}, which had to stay`);
}

function describeCluster(snapshot: Snapshot): string {
  const { services, networks, tasks } = snapshot;
  const stacks = count(listStacks(snapshot).length, 'stack');
  const counts = [count(services.length, 'service'), count(networks.length, 'network'), count(tasks.length, 'task')];
  return `${stacks}: ${counts.join(', ')}`;
}

function describeRemoval({ services, networks, keptNetworks }: StackRemoval): string {
  const shared = keptNetworks.filter(({ waitsFor }) => waitsFor.length > 0).length;
  const stays = shared > 0 ? `, of which ${shared} ${shared === 1 ? 'is' : 'are'} used by others` : '';
  return `${count(services.length, 'service')} and ${count(networks.length, 'network')} are marked${stays}`;
}

function describeOthers({ replacedTasks, updatedServices, newServices }: OthersDone): string {
  const parts = [`${count(replacedTasks, 'task')} replaced`];
  if (updatedServices.length > 0) parts.push(`${updatedServices.length} updated`);
  if (newServices.size > 0) parts.push(`${newServices.size} new`);
  return `others: ${parts.join(', ')}`;
}

function describeOthersInFull({ replacedTasks, updatedServices, newServices }: OthersDone): string {
  const parts = [
    `replaced ${count(replacedTasks, 'task')}`,
    ...updatedServices.map((id) => `updated service ${id}`),
    ...[...newServices.keys()].map((id) => `created service ${id}`),
  ];
  return `The other stacks went on: ${parts.join(', ')}.`;
}

function describeUsage(cloud: LocalCloud): string {
  const { invocations, total } = cloud.meter.usage();
  const sum = Object.values(invocations).reduce((all, some) => all + some, 0);
  return `${count(sum, 'invocation')}, ${total.requests.toLocaleString('en-US')} requests`;
}
