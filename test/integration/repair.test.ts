/** Repairs on live tables: they mend what is wrong, and touch nothing that is right, whoever writes meanwhile. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { audit } from '../../lib/operate/audit/audit.ts';
import type { Finding } from '../../lib/operate/audit/findings.ts';
import type { Problem } from '../../lib/operate/audit/problems.ts';
import { repair } from '../../lib/operate/audit/repair.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { MARKED, network, service, task } from '../support/objects.ts';

let backend: LocalBackend;
let db: DynamoDBDocumentClient;
beforeEach(async () => {
  backend = await localBackend();
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
});
afterEach(async () => {
  db.destroy();
  await backend.close();
});

const findAll = async (confirmMillis = 0) => (await audit(db, backend.tables, { confirmMillis })).findings;
const mend = (findings: readonly Finding[]) =>
  repair(db, backend.tables, { invoke: (request) => backend.sweep(request) }, findings);
const told = (findings: readonly Finding[]) =>
  findings.map(({ problem, about }) => `${problem} ${Object.values(about).join(' ')}`).sort();
const ids = (parents: readonly { readonly id: string }[]) => parents.map(({ id }) => id).sort();

describe('a repair', () => {
  it('mends all that the sweep can, says what it could not, and leaves the rest to a person', async () => {
    await backend.cloud.pauseMappings();
    const mark = { ...MARKED, markedAt: '2026-01-01T00:00:00.000Z#raw' };
    for (const id of ['front', 'unused']) await backend.put('networks', network(id));
    await backend.put('networks', network('loose', { markedAt: 'left#1' }));
    await backend.put('services', service('bare', ['front']));
    await backend.put('attachments', { held: 'network#front', holder: 'service#gone' });
    await backend.put('attachments', { held: 'network#unused', holder: 'service#bare' });
    await backend.put('services', service('idle', ['front'], mark));
    await backend.put('attachments', { held: 'network#front', holder: 'service#idle' });
    await backend.put('services', service('silent', [], MARKED));
    await backend.put('tasks', task('silent', 't1'));
    await backend.put('services', service('high', [], mark));
    await backend.put('tasks', task('high', 't1'));
    await backend.put('counters', { id: 'service#high', remaining: 2, epoch: 'e' });
    await backend.put('counters', { id: 'network#front', remaining: 0, epoch: 'e' });
    await backend.put('services', service('torn', [], mark));
    await backend.put('counters', { id: 'service#torn', remaining: 'two', epoch: 'e' });
    await backend.put('tasks', task('gone', 't1'));

    const findings = await findAll();
    expect(findings).toHaveLength(11);
    const { repaired, left, deleted } = await mend(findings);
    expect(told(repaired)).toEqual([
      'high counter high',
      'left counter front',
      'left mark time loose',
      'missing attachment bare front',
      'no counter silent',
      'not deleted idle',
      'not deleted torn',
      'stale attachment bare unused',
      'stale attachment gone front',
      'unreadable counter service#torn',
    ]);
    expect(left.map(({ problem, error }) => `${problem}: ${error}`)).toEqual(['orphan task: undefined']);
    expect([...deleted].sort()).toEqual(['service#idle', 'service#torn']);
    expect(told(await findAll())).toEqual(told(left));

    await backend.delete('tasks', { serviceId: 'gone', id: 't1' });
    expect(told((await mend(left)).repaired)).toEqual(told(left));
    backend.cloud.resumeMappings();
    await backend.deliver();
    const world = await backend.world();
    expect(checkRest(world)).toEqual([]);
    expect([...ids(world.services), ...ids(world.networks)]).toEqual([
      ...['bare', 'high', 'silent'],
      ...['front', 'loose', 'unused'],
    ]);
  });

  it('S3 of what has become right in the meantime changes nothing', async () => {
    await backend.cloud.pauseMappings();
    await backend.client.createNetwork({ id: 'front' });
    await backend.client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
    await backend.client.createService({ id: 'api' });
    await backend.client.removeService('web');
    await backend.client.removeService('api');
    await backend.client.removeNetwork('front', { whenInUse: 'wait' });
    const findings = await findAll();
    expect(told(findings)).toEqual(['no counter front', 'not deleted api', 'not deleted web']);

    for (const id of ['web', 'api']) await backend.client.undeleteService(id);
    await backend.client.undeleteNetwork('front');
    await backend.client.removeService('api');
    await backend.client.createNetwork({ id: 'back' });
    const { repaired, left, deleted } = await mend(findings);
    // Another mark is another matter: the new one was found by nobody, and the sweep decides by what it reads itself.
    expect([told(repaired), left, deleted]).toEqual([told(findings), [], ['service#api']]);
    backend.cloud.resumeMappings();
    await backend.deliver();
    const world = await backend.world();
    expect([...ids(world.services), ...ids(world.networks)]).toEqual(['web', 'back', 'front']);
    expect(world.attachments).toHaveLength(1);
    expect(checkRest(world)).toEqual([]);
  });
});

/** Only raw hands or a lost item bring these about, so that none of them may ever be found where the client alone writes. */
const NEVER: readonly Problem[] = [
  ...(['orphan task', 'missing network', 'missing attachment', 'stale attachment'] as const),
  ...(['malformed mark', 'malformed protection', 'malformed references', 'too many references'] as const),
  ...(['left mark time', 'unreadable counter', 'unknown counter'] as const),
];
const WRITERS = 50;
const ROUNDS = 2;
const NETWORKS = ['n0', 'n1', 'n2', 'n3', 'n4'];

const survives = (writer: number) => writer % 2 === 0;

/** One writer's life: a service that changes, is marked, undeleted, and marked for good, but for the survivors' last one. */
async function write(writer: number): Promise<void> {
  const { client } = backend;
  const id = `s${writer}`;
  const own = `own${writer}`;
  const spec = (...targets: string[]) => ({ networks: targets.map((target) => ({ target })) });
  const shared = (round: number) => NETWORKS[(writer + round) % NETWORKS.length] as string;
  for (let round = 1; round <= ROUNDS; round++) {
    await untilDone(() => client.createNetwork({ id: own }), 'AlreadyExists');
    await untilDone(() => client.createService({ id, spec: spec(own, shared(round)) }), 'AlreadyExists');
    await untilDone(() => client.createTasks(id, [{ id: 't1' }, { id: 't2' }]));
    await untilDone(() => client.updateService(id, () => spec(own, shared(round + 1))));
    await untilDone(() => client.removeService(id));
    await untilDone(() => client.deleteTasks(id, ['t1']));
    await untilDone(() => client.undeleteService(id)); // a task holds it, so this can't be too late
    await untilDone(() => client.getService(id));
    if (round === ROUNDS && survives(writer)) return;
    await untilDone(() => client.removeService(id));
    await untilDone(() => client.removeNetwork(own, { whenInUse: 'wait' }));
    await untilDone(() => client.deleteTasks(id, ['t2']));
  }
}

/** As programs do: contention is tried again; so is what must first be gone. */
async function untilDone(act: () => Promise<unknown>, alsoWaitFor?: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await act();
      return;
    } catch (error) {
      if (!isDeallocatorError(error) || tries === 2000) throw error;
      if (!['Aborted', 'Unavailable', alsoWaitFor].includes(error.code)) throw error;
      await systemChance.pause(50);
    }
  }
}

describe('repairs beside 50 writers', () => {
  it('S1 S2 S3 S4 find and mend nothing that is right, and afterwards exactly what raw hands break', async () => {
    for (const id of NETWORKS) await backend.client.createNetwork({ id });
    const run = { ended: false };
    const writers = Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n))).finally(() => {
      run.ended = true;
    });
    const found: Finding[] = [];
    const counts = { audits: 0, cleared: 0 };
    const audits = async () => {
      while (!run.ended) {
        const { findings, cleared } = await audit(db, backend.tables, { confirmMillis: 100 });
        counts.audits++;
        counts.cleared += cleared;
        found.push(...findings);
        await mend(findings);
      }
    };
    await Promise.all([writers, audits()]);

    expect(found.filter(({ problem }) => NEVER.includes(problem))).toEqual([]);
    expect(counts.audits).toBeGreaterThan(1);
    expect(counts.cleared).toBeGreaterThan(0); // it had reason to look twice
    await backend.deliver();
    const world = await backend.world();
    expect(checkRest(world)).toEqual([]);
    const survivors = Array.from({ length: WRITERS }, (_, n) => n).filter(survives);
    expect(ids(world.services)).toEqual(survivors.map((writer) => `s${writer}`).sort());
    expect(ids(world.networks)).toEqual([...NETWORKS, ...survivors.map((writer) => `own${writer}`)].sort());
    expect(await findAll()).toEqual([]);

    await backend.cloud.pauseMappings();
    await backend.delete('attachments', { held: 'network#own0', holder: 'service#s0' });
    await backend.put('attachments', { held: 'network#n0', holder: 'service#nobody' });
    await backend.put('counters', { id: 'service#s2', remaining: 1, epoch: 'e' });
    const broken = await findAll();
    expect(told(broken)).toEqual(['left counter s2', 'missing attachment s0 own0', 'stale attachment nobody n0']);
    expect(await mend(broken)).toMatchObject({ repaired: broken, left: [], deleted: [] });
    backend.cloud.resumeMappings();
    await backend.deliver();
    expect(await backend.world()).toMatchObject({ services: world.services, networks: world.networks });
    expect(checkRest(await backend.world())).toEqual([]);
    expect(backend.cloud.deadLetters()).toEqual([]);
  });
});
