/**
 * Tables that are brought along with items in them: what is older than the deallocator has no attachment. docs/runbook.md tells what
 * its operators see meanwhile.
 */
import { afterEach, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { network, service } from '../support/objects.ts';

const TIMEOUT_MILLIS = 120_000;
const OLD = ['web', 'api'];

let backend: LocalBackend;
afterEach(() => backend?.close());

/** As if the deployment had found them there: no record tells of them, and nobody is attached. */
async function bring(): Promise<void> {
  backend = await localBackend(undefined, undefined, undefined, false);
  await backend.put('networks', network('front'));
  for (const id of OLD) await backend.put('services', service(id, ['front']));
  await backend.deliver();
  for (const id of OLD) await backend.delete('attachments', { held: 'network#front', holder: `service#${id}` });
  await backend.deliver();
  expect((await backend.world()).attachments).toEqual([]);
}

const isThere = async () => (await backend.get('networks', { id: 'front' })) !== undefined;
const held = () =>
  backend.log.filter(({ decision }) => decision === 'held').map(({ parent, because }) => [parent, because]);

it('S2 a marked network that old services use is not deleted before they are learned, nor after', {
  timeout: TIMEOUT_MILLIS,
}, async () => {
  await bring();
  await backend.client.removeNetwork('front', { whenInUse: 'wait' });
  await backend.deliver();
  expect(held()).toEqual([['network#front', 'learning']]);
  // A service goes with the networks that it alone holds, as far as attachments tell: this one is held by another, which has none.
  await backend.client.removeService('api');
  await backend.deliver();
  expect(await backend.get('services', { id: 'api' })).toBeUndefined();
  expect(await isThere()).toBe(true);

  expect(await backend.sweep({ trigger: 'deployment' })).toMatchObject({ complete: true, deletedCount: 0 });
  expect(await isThere()).toBe(true);
  expect((await backend.world()).attachments).toEqual([{ held: 'network#front', holder: 'service#web' }]);

  await backend.client.removeService('web');
  await backend.deliver();
  expect(await isThere()).toBe(false);
  expect(checkRest(await backend.world())).toEqual([]);
});

it('L1 a marked network that nobody uses goes with the sweep that has learned it', {
  timeout: TIMEOUT_MILLIS,
}, async () => {
  await bring();
  for (const id of OLD) await backend.client.updateService(id, () => ({}));
  await backend.client.removeNetwork('front', { whenInUse: 'wait' });
  await backend.deliver();
  expect(await isThere()).toBe(true);
  expect(await backend.sweep({ trigger: 'deployment' })).toMatchObject({ deleted: ['network#front'] });
  await backend.deliver();
  expect(checkRest(await backend.world())).toEqual([]);
});
