/** Some items of the examples' kinds, for reports to tell of. */
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { memoryKinds } from './memory-kinds.ts';

/** A hackathon with a category, two ideas in it, and two comments on the first. */
export async function ideas() {
  const world = memoryKinds(IDEAS);
  const { client } = world;
  await client.create('hackathon', { id: 'spring' });
  await client.create('category', { id: 'games', hackathonId: 'spring' });
  for (const id of ['chess', 'go']) await client.create('idea', { id, hackathonId: 'spring', categoryId: 'games' });
  for (const id of ['c1', 'c2']) await client.create('comment', { id, ideaId: 'chess' });
  await world.backend.deliver();
  return world;
}

/** A lease of a template that is of a blueprint. */
export async function sandbox() {
  const world = memoryKinds(SANDBOX);
  const { client } = world;
  await client.create('blueprint', { PK: 'bp#small', SK: 'blueprint' });
  await client.create('leaseTemplate', { uuid: 'week', blueprintId: 'small' });
  const lease = { userEmail: 'ann@example.com', uuid: '7', originalLeaseTemplateUuid: 'week', status: 'Active' };
  await client.create('lease', lease);
  await world.backend.deliver();
  return { ...world, lease };
}

/** Service db with a task, on a volume, with a secret. */
export async function swarm() {
  const world = memoryKinds(SWARMKIT_ALL);
  const { client } = world;
  await client.create('volume', { id: 'data' });
  await client.create('secret', { id: 'password' });
  const container = { mounts: [{ source: 'data' }], secrets: [{ secretID: 'password' }] };
  await client.create('service', { id: 'db', spec: { task: { container } } } as never);
  await client.create('task', { serviceId: 'db', id: '1' });
  await world.backend.deliver();
  return world;
}
