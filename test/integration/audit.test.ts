/** The audit of live tables: it finds what is wrong, and calls nothing wrong that is only on its way. */

import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { type AuditOptions, audit } from '../../lib/operate/audit/audit.ts';
import type { AuditProgress } from '../../lib/operate/audit/reader.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { MARKED, network, service, task } from '../support/objects.ts';

let backend: LocalBackend;
beforeEach(async () => {
  backend = await localBackend();
  await backend.cloud.pauseMappings();
});
afterEach(() => backend.close());

const run = (options: AuditOptions = {}) => {
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  return audit(db, backend.tables, { confirmMillis: 0, ...options }).finally(() => db.destroy());
};
const HOSTILE = { ['__proto__']: { N: '1' } };
const putStored = async (table: 'services' | 'networks', Item: Record<string, AttributeValue>) => {
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await db.send(new PutItemCommand({ TableName: backend.tables[table], Item })).finally(() => db.destroy());
};
/** Between the two looks, something happens. */
const meanwhile = (happens: () => Promise<unknown>): AuditOptions => {
  const done = { once: false };
  const pause = async () => {
    if (!done.once) await happens();
    done.once = true;
  };
  return { confirmMillis: 1000, chance: { ...systemChance, pause } };
};

describe('an audit', () => {
  it('finds what raw hands broke, each with its ids, its promise and what mends it', async () => {
    const mark = { ...MARKED, markedAt: '2026-01-01T00:00:00.000Z#raw' };
    await backend.put('networks', network('front'));
    await backend.put('networks', network('loose', { markedAt: 'left#1' }));
    await backend.put('services', service('bare', ['front']));
    await backend.put('services', service('lost', ['nowhere']));
    await backend.put('attachments', { held: 'network#nowhere', holder: 'service#lost' });
    await backend.put('attachments', { held: 'network#front', holder: 'service#gone' });
    await backend.put('tasks', task('gone', 't#1'));
    await backend.put('services', service('idle', [], mark));
    for (const id of ['silent', 'high', 'torn']) {
      await backend.put('services', service(id, [], mark));
      await backend.put('tasks', task(id, 't1'));
    }
    await backend.put('counters', { id: 'service#high', remaining: 2, epoch: 'e' });
    await backend.put('counters', { id: 'service#torn', remaining: 'two', epoch: 'e' });
    await backend.put('counters', { id: 'network#front', remaining: 0, epoch: 'e' });
    await backend.put('counters', { id: 'sweep', cursor: { source: 'service' } });
    await backend.put('services', service('odd', [], { pendingDelete: 'true', spec: { networks: { front: true } } }));
    await backend.put('services', service('nil', [], { pendingDelete: null, spec: { networks: null } }));
    // What the SDK's own translation trips over, and what means nothing in a network.
    await putStored('services', { id: { S: 'hostile' }, spec: { M: { networks: { L: [{ M: HOSTILE }] } } } });
    await putStored('networks', { id: { S: 'named' }, spec: { M: { networks: { S: 'none' } } } });

    const { findings, read, unchecked } = await run();
    const told = findings.map(({ problem, promise, about, mending }) => {
      const mended = mending.by === 'sweep' ? mending.parent : 'a person';
      return `${promise} ${problem} ${Object.values(about).join(' ')}: ${mended}`;
    });
    expect(told.sort()).toEqual(
      [
        'S3 left mark time loose: network#loose',
        'S2 missing attachment bare front: service#bare',
        'S2 missing network lost nowhere: a person',
        'S4 stale attachment gone front: network#front',
        'S1 orphan task gone t#1: a person',
        'L1 not deleted idle: service#idle',
        'L1 no counter silent: service#silent',
        'S7 high counter high: service#high',
        'S7 unreadable counter service#torn: service#torn',
        'S4 left counter front: network#front',
        'undefined malformed mark odd: a person',
        'S2 malformed references odd: a person',
        'S2 malformed references hostile: a person',
      ].sort(),
    );
    expect(findings.find(({ about }) => about.service === 'idle')?.since).toBe('2026-01-01T00:00:00.000Z');
    expect(read).toEqual({ services: 9, networks: 3, tasks: 4, attachments: 2, counters: 5 });
    expect(unchecked).toBe(0);
    expect(JSON.parse(JSON.stringify(findings))).toEqual(findings);
  });

  it('tells by the receipt since when something is left of what is gone', async () => {
    backend.cloud.resumeMappings();
    await backend.client.createService({ id: 'web' });
    await backend.client.removeService('web');
    await backend.deliver();
    await backend.cloud.pauseMappings();
    await backend.put('tasks', task('web', 't1'));
    await backend.put('tasks', task('never', 't1'));
    const receipt = (await backend.world()).receipts?.[0] as { deletedAt?: string } | undefined;
    const { findings } = await run();
    expect(findings.map(({ about, since }) => [about.service, since]).sort()).toEqual([
      ['never', undefined],
      ['web', receipt?.deletedAt],
    ]);
    expect(receipt?.deletedAt).toMatch(/^2\d{3}-/);
  });

  it('calls nothing wrong whose record is still on its way', async () => {
    await backend.put('networks', network('front'));
    await backend.put('services', service('raw', ['front']));
    await backend.put('services', service('idle', [], MARKED));
    await backend.put('counters', { id: 'service#raw', remaining: 0, epoch: 'e' });
    await backend.put('services', service('raw', ['front'], { markedAt: 'left#1' }));
    const options = meanwhile(async () => {
      backend.cloud.resumeMappings();
      await backend.deliver();
    });
    expect(await run(options)).toMatchObject({ findings: [], cleared: 4, unchecked: 0 });
  });

  it('calls nothing wrong that is wrong in another way than before', async () => {
    const at = (markedAt: string) => ({ ...MARKED, markedAt });
    await backend.put('services', service('new', [], at('x#1')));
    await backend.put('services', service('same', [], at('x#1')));
    for (const id of ['busy', 'still']) {
      await backend.put('services', service(id, [], at('x#1')));
      await backend.put('tasks', task(id, 't1'));
      await backend.put('counters', { id: `service#${id}`, remaining: 3, epoch: 'e' });
    }
    const options = meanwhile(async () => {
      await backend.put('services', service('new', [], at('x#2')));
      await backend.put('counters', { id: 'service#busy', remaining: 2, epoch: 'e' });
    });
    const { findings, cleared } = await run(options);
    expect(findings.map(({ problem, about }) => `${problem} ${about.service}`).sort()).toEqual([
      'high counter still',
      'not deleted same',
    ]);
    expect(cleared).toBe(2);
  });

  it('counts children by the deployment’s kinds, beyond the first page', async () => {
    const plan = swarmkitPlan({ taskIsGone: 'terminal' });
    const padding = 'x'.repeat(300_000);
    await backend.put('services', service('web', [], { ...MARKED, markedAt: 'x#1' }));
    for (const id of ['t1', 't2', 't3', 't4', 't5']) {
      await backend.put('tasks', { ...task('web', id), status: { state: 'failed' }, padding });
    }
    const problems = async () => (await run({ plan })).findings.map(({ problem }) => problem);
    expect(await problems()).toEqual(['not deleted']);
    await backend.put('tasks', { ...task('web', 't6'), status: { state: 'running' } });
    expect(await problems()).toEqual(['no counter']);
  });

  it('stops at so many items, and when it is told to; tells its progress', async () => {
    for (const id of ['a', 'b', 'c']) await backend.put('networks', network(id));
    // Beside them there is the item that tells what was declared.
    await expect(run({ itemsMax: 3 })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    const progress: AuditProgress[] = [];
    await run({ itemsMax: 4, onProgress: (page) => progress.push(page) });
    expect(progress).toContainEqual({ table: 'networks', items: 3 });
    await expect(run({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});
