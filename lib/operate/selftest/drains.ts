/** The paths on which services drain: the last task, an undelete on the way, a shared network, a protection. */
import { itemName } from '../../lifecycle/keys.ts';
import { type Check, failed, passed } from '../deployed/check.ts';
import { attachmentGone, diagnose, marked, taskGone } from './diagnosis.ts';
import { TASKS } from './objects.ts';
import {
  endTasks,
  isAttached,
  isGone,
  letPass,
  mark,
  markRaw,
  networkKey,
  receiptOf,
  remainingOf,
  type Stage,
  serviceKey,
  startNetwork,
  startService,
  until,
} from './stage.ts';

const [FIRST, SECOND, LAST] = TASKS;

/** A service with three tasks on a marked network: it stays while a task is left, and goes with the last, all at once. */
export async function lastTask(stage: Stage): Promise<Check[]> {
  const name = 'the last task';
  const expected = 'a marked service stays while a task is left, and goes with the last';
  const promises = ['S1', 'L1'] as const;
  const service = serviceKey(stage, 'last-task');
  const network = networkKey(stage, 'with-service');
  await startNetwork(stage, 'with-service');
  await startService(stage, 'last-task', ['with-service'], TASKS.length);
  await mark(stage, network);
  const markedAt = await mark(stage, service);
  if ((await until(stage, async () => (await remainingOf(stage, service)) !== undefined)) === undefined) {
    const { fault, seen, fix } = await diagnose(stage, 'service-updated', marked(service, markedAt));
    const lacks = `no counter of ${itemName(service)} ${seconds(stage.waitMillis)} after its mark; ${seen}`;
    return [{ ...failed(name, fault, { expected, seen: lacks, fix }), promises }];
  }
  await endTasks(stage, 'last-task', [FIRST, SECOND]);
  await letPass(stage);
  if (await isGone(stage, service)) {
    const seen = `${itemName(service)} was deleted while its task ${LAST} was there`;
    return [{ ...failed(name, 'broken promise', { expected, seen, fix: REPORT }), promises }];
  }
  await endTasks(stage, 'last-task', [LAST]);
  const millis = await until(stage, () => isGone(stage, service));
  if (millis === undefined) {
    const { fault, seen, fix } = await diagnose(stage, 'task-deleted', taskGone(service, LAST));
    const late = `${itemName(service)} is there ${seconds(stage.waitMillis)} after its last task; ${seen}`;
    return [{ ...failed(name, fault, { expected, seen: late, fix }), promises }];
  }
  const gone = `gone ${seconds(millis)} after its last task`;
  return [{ ...passed(name, expected, gone), promises, millis }, await together(stage, markedAt)];
}

async function together(stage: Stage, markedAt: string): Promise<Check> {
  const service = serviceKey(stage, 'last-task');
  const network = networkKey(stage, 'with-service');
  const receipt = await receiptOf(stage, service, markedAt);
  const freed = (receipt?.freed ?? []) as readonly { readonly id?: unknown }[];
  const lacks = [
    ...((await isGone(stage, network)) ? [] : [`${itemName(network)} is still there`]),
    ...((await isAttached(stage, network, service)) ? ['its attachment is still there'] : []),
    ...((await remainingOf(stage, service)) === undefined ? [] : ['its counter is still there']),
    ...(receipt === undefined ? ['there is no receipt of it'] : []),
    ...(receipt !== undefined && !freed.some(({ id }) => id === itemName(network))
      ? ['its receipt does not name the network']
      : []),
  ];
  const name = 'all or nothing';
  const expected = 'its free network, attachment and counter go with it, and a receipt tells of it';
  const promises = ['S4', 'S6'] as const;
  if (lacks.length === 0) return { ...passed(name, expected), promises };
  return { ...failed(name, 'broken promise', { expected, seen: lacks.join('; '), fix: REPORT }), promises };
}

/** Undeleted in mid-drain it stays; marked again it goes; and its id begins a new life. */
export async function undeleteInMidDrain(stage: Stage): Promise<Check[]> {
  const name = 'an undelete in mid-drain';
  const expected = 'a service that is undeleted in mid-drain stays without its tasks, and its counter goes';
  const service = serviceKey(stage, 'mid-drain');
  await startService(stage, 'mid-drain', [], 2);
  await mark(stage, service);
  await until(stage, async () => (await remainingOf(stage, service)) !== undefined);
  await endTasks(stage, 'mid-drain', [FIRST]);
  await stage.client.undeleteService(service.id);
  await endTasks(stage, 'mid-drain', [SECOND]);
  const closedMillis = await until(stage, async () => (await remainingOf(stage, service)) === undefined);
  await letPass(stage);
  if (await isGone(stage, service)) {
    const seen = `${itemName(service)} was deleted after its undelete`;
    return [{ ...failed(name, 'broken promise', { expected, seen, fix: REPORT }), promises: ['S3'] }];
  }
  if (closedMillis === undefined) {
    const { fault, seen, fix } = await diagnose(stage, 'service-updated', {
      before: { id: service.id, pendingDelete: true },
      after: { id: service.id },
    });
    const left = `its counter is there ${seconds(stage.waitMillis)} after the undelete; ${seen}`;
    return [{ ...failed(name, fault, { expected, seen: left, fix }), promises: ['S3', 'S4'] }];
  }
  const stays: Check = { ...passed(name, expected, 'it is there'), promises: ['S3', 'S4'] };
  return [stays, ...(await newLife(stage))];
}

async function newLife(stage: Stage): Promise<Check[]> {
  const service = serviceKey(stage, 'mid-drain');
  const markedAt = await mark(stage, service);
  const gone = await goes(stage, 'a mark without tasks', service, () =>
    diagnose(stage, 'service-updated', marked(service, markedAt)),
  );
  if (gone.result !== 'passed') return [gone];
  await startService(stage, 'mid-drain', [], 1);
  await letPass(stage);
  const name = 'an id that is used again';
  const expected = 'the new service of the id stays';
  const promises = ['S5'] as const;
  if (!(await isGone(stage, service))) return [gone, { ...passed(name, expected, 'it is there'), promises }];
  const seen = `${itemName(service)} was deleted without a mark`;
  return [gone, { ...failed(name, 'broken promise', { expected, seen, fix: REPORT }), promises }];
}

/** Two services on one marked network, which must outlive the first and go with the second. */
export async function sharedNetwork(stage: Stage): Promise<Check[]> {
  const name = 'a shared network';
  const expected = 'a marked network stays for its second service, and goes with it';
  const promises = ['S2', 'L3'] as const;
  const network = networkKey(stage, 'shared');
  await startNetwork(stage, 'shared');
  const roles = ['sharer-1', 'sharer-2'] as const;
  for (const role of roles) await startService(stage, role, ['shared'], 1);
  await mark(stage, network);
  for (const [n, role] of roles.entries()) {
    const service = serviceKey(stage, role);
    await mark(stage, service);
    await endTasks(stage, role, [FIRST]);
    const gone = await goes(stage, name, service, () => diagnose(stage, 'task-deleted', taskGone(service, FIRST)));
    if (gone.result !== 'passed') return [{ ...gone, expected, promises }];
    if (n > 0) continue;
    await letPass(stage);
    if (!(await isGone(stage, network))) continue;
    const seen = `${itemName(network)} was deleted while ${itemName(serviceKey(stage, 'sharer-2'))} used it`;
    return [{ ...failed(name, 'broken promise', { expected, seen, fix: REPORT }), promises }];
  }
  const millis = await until(stage, () => isGone(stage, network));
  if (millis !== undefined)
    return [{ ...passed(name, expected, `gone ${seconds(millis)} after its last service`), promises, millis }];
  const { fault, seen, fix } = await diagnose(
    stage,
    'attachment-deleted',
    attachmentGone(network, serviceKey(stage, 'sharer-2')),
  );
  return [
    {
      ...failed(name, fault, {
        expected,
        seen: `${itemName(network)} is there after its last service; ${seen}`,
        fix,
      }),
      promises,
    },
  ];
}

/** A protected service stays, marked or not, and goes once it is not protected any more. */
export async function protection(stage: Stage): Promise<Check[]> {
  const name = 'a protection';
  const expected = 'a protected service stays although it is marked, and goes without its protection';
  const promises = ['S3', 'L1'] as const;
  const service = serviceKey(stage, 'protected');
  await startService(stage, 'protected', [], 0);
  await stage.client.protectService(service.id);
  const markedAt = await markRaw(stage, service);
  await letPass(stage);
  if (await isGone(stage, service)) {
    const seen = `${itemName(service)} was deleted although it was protected`;
    return [{ ...failed(name, 'broken promise', { expected, seen, fix: REPORT }), promises }];
  }
  await stage.client.unprotectService(service.id);
  const gone = await goes(stage, name, service, () => diagnose(stage, 'service-updated', marked(service, markedAt)));
  return [{ ...gone, expected, promises }];
}

/** What something has to do with us that ought to be impossible. */
export const REPORT = 'stop the writers, keep the logs of the functions, and report it: this must never happen';

export function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}

/** That a marked parent without children goes. */
export async function goes(
  stage: Stage,
  name: string,
  parent: ReturnType<typeof serviceKey>,
  why: () => ReturnType<typeof diagnose>,
): Promise<Check> {
  const expected = 'what is marked and unused goes';
  const promises = ['L1'] as const;
  const millis = await until(stage, () => isGone(stage, parent));
  if (millis !== undefined) return { ...passed(name, expected, `gone after ${seconds(millis)}`), promises, millis };
  const { fault, seen, fix } = await why();
  const late = `${itemName(parent)} is there after ${seconds(stage.waitMillis)}; ${seen}`;
  return { ...failed(name, fault, { expected, seen: late, fix }), promises };
}
