/** The other paths: a network without users, one that is let go, a raw write that is healed, a sweep after a lost removal. */
import { putRaw } from '../../dynamodb/probes.ts';
import { itemName } from '../../lifecycle/keys.ts';
import { type Check, failed, notLookedAt, passed } from '../deployed/check.ts';
import { isTold, told } from '../deployed/told.ts';
import { attachmentGone, causeOf, diagnose, marked } from './diagnosis.ts';
import { goes, seconds } from './drains.ts';
import { TASKS } from './objects.ts';
import {
  endTasks,
  isAttached,
  isGone,
  letPass,
  mark,
  markRaw,
  networkKey,
  remainingOf,
  type Stage,
  serviceKey,
  startNetwork,
  startService,
  until,
} from './stage.ts';

export async function networkAlone(stage: Stage): Promise<Check[]> {
  const network = networkKey(stage, 'alone');
  await startNetwork(stage, 'alone');
  const markedAt = await mark(stage, network);
  return [
    await goes(stage, 'a network without users', network, () =>
      diagnose(stage, 'network-updated', marked(network, markedAt)),
    ),
  ];
}

/** A living service drops its reference to a marked network. */
export async function networkLetGo(stage: Stage): Promise<Check[]> {
  const network = networkKey(stage, 'let-go');
  const service = serviceKey(stage, 'lets-go');
  await startNetwork(stage, 'let-go');
  await startService(stage, 'lets-go', ['let-go'], 0);
  await mark(stage, network);
  // Counted: a function that is still about to count would find the network free by itself, and hide what is asked here.
  await until(stage, async () => (await remainingOf(stage, network)) === 1);
  await stage.client.updateService(service.id, () => ({}));
  return [
    await goes(stage, 'a network that is let go', network, () =>
      diagnose(stage, 'attachment-deleted', attachmentGone(network, service)),
    ),
  ];
}

/** A service that is put without the client gets its attachment, and a mark that is put so is a mark. */
export async function rawWrite(stage: Stage): Promise<Check[]> {
  const { requests, at } = stage.database;
  const name = 'a raw write';
  const expected = 'a service that is put without the client gets its attachments';
  const promises = ['S2'] as const;
  const network = networkKey(stage, 'raw');
  const service = serviceKey(stage, 'raw');
  await startNetwork(stage, 'raw');
  const item = { id: service.id, spec: { task: { networks: [{ target: network.id }] } } };
  await putRaw(requests, at.tableOf('service'), item);
  const millis = await until(stage, () => isAttached(stage, network, service));
  if (millis === undefined) {
    const { fault, seen, fix } = await diagnose(stage, 'service-updated', { after: item });
    const late = `no attachment of ${itemName(service)} after ${seconds(stage.waitMillis)}; ${seen}`;
    return [{ ...failed(name, fault, { expected, seen: late, fix }), promises }];
  }
  const healed: Check = { ...passed(name, expected, `attached after ${seconds(millis)}`), promises, millis };
  const markedAt = await markRaw(stage, service);
  return [
    healed,
    await goes(stage, 'a raw mark', service, () => diagnose(stage, 'service-updated', marked(service, markedAt))),
  ];
}

/** Higher than any removal brings down: as if the records of that many removals were lost. */
const LOST_REMOVALS = 1000;

/** A counter that is too high hides the last removal, as lost records do; a sweep of that one service finds it. */
export async function swept(stage: Stage): Promise<Check[]> {
  const { requests, at } = stage.database;
  const name = 'a sweep';
  const expected = 'one sweep deletes what lost records have left';
  const promises = ['L2', 'S7'] as const;
  const service = serviceKey(stage, 'swept');
  const parent = itemName(service);
  await startService(stage, 'swept', [], 1);
  await mark(stage, service);
  await until(stage, async () => (await remainingOf(stage, service)) === 1);
  const counter = at.counter(service);
  const forged = await told(() =>
    putRaw(requests, counter.TableName, {
      ...counter.Key,
      remaining: LOST_REMOVALS,
      epoch: stage.database.chance.fresh(),
    }),
  );
  await endTasks(stage, 'swept', TASKS.slice(0, 1));
  await letPass(stage);
  if (!isTold(forged))
    return [{ ...notLookedAt(name, expected, `a loss could not be staged: ${forged.untold}`), promises }];
  const answer = await told(() => stage.sweep.invoke({ trigger: 'selftest', parents: [parent] }));
  if (!isTold(answer)) {
    const { fault, seen, fix } = causeOf('sweep', answer.untold);
    if (/not authorized|may not do lambda|is not known/.test(answer.untold))
      return [{ ...notLookedAt(name, expected, answer.untold), promises }];
    return [{ ...failed(name, fault, { expected, seen, fix }), promises }];
  }
  const [failure] = answer.told.failed;
  if (failure !== undefined) {
    const { fault, seen, fix } = causeOf('sweep', failure.error);
    return [{ ...failed(name, fault, { expected, seen, fix }), promises }];
  }
  if ((await until(stage, () => isGone(stage, service))) !== undefined) {
    return [{ ...passed(name, expected, `${answer.told.deletedCount} deleted`), promises }];
  }
  const seen = `the sweep answers that it has settled ${parent}, which is still there`;
  return [
    {
      ...failed(name, 'not deleted', { expected, seen, fix: `deallocator explain ${service.kind} ${service.id}` }),
      promises,
    },
  ];
}
