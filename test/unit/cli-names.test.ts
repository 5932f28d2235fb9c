/** Both the id and the name of what Docker has made, wherever a report names it. */
import { expect, it } from 'vitest';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const WEB = 'tb82c7xmtuk3klo61sb4xsz8c';
const API = '3cfdpfawafp5di0e7jv9lbr82';
const FRONT = '1x8j8qh6o6dfce6j8zo85sv0b';

/** Service shop_web, marked, with a task, on network shop_front, which service shop_api uses too, and which is marked as well. */
async function swarm() {
  const world = memoryCommandLine();
  const { client, backend } = world;
  const spec = (name: string, target?: string) => ({
    annotations: { name, labels: { 'com.docker.stack.namespace': 'shop' } },
    ...(target && { networks: [{ target }] }),
  });
  await client.createNetwork({ id: FRONT, spec: spec('shop_front') });
  await client.createService({ id: WEB, spec: spec('shop_web', FRONT) });
  await client.createService({ id: API, spec: spec('shop_api', FRONT) });
  await client.createTask(WEB, { id: '1' });
  await client.removeService(WEB, { by: 'ann' });
  await client.removeNetwork(FRONT, { whenInUse: 'wait' });
  await backend.deliver();
  return world;
}

const WHY = `blocked: used by service ${API} (shop_api, not marked)`;

it('status has a column of names where these are not the ids', async () => {
  const { cli, json } = await swarm();
  const { stdout } = await cli(['status']);
  expect(stdout).toMatch(/^KIND +ID +NAME +STATE /m);
  expect(stdout).toContain(`network   ${FRONT}   shop_front   ${WHY}   2 users `);
  expect(stdout).toMatch(new RegExp(`^service +${WEB} +shop_web +draining `, 'm'));
  expect((await json('status')).document.marked).toMatchObject([
    { name: 'shop_front', blockedBy: [{ object: `service#${API}`, name: 'shop_api', because: 'not marked' }] },
    { name: 'shop_web' },
  ]);
});

it('ls tells the states of status, also where it is asked for more or less', async () => {
  const { cli, json, client } = await swarm();
  await client.createService({ id: 'safe' });
  await client.protectService('safe');
  const { stdout } = await cli(['ls']);
  expect(stdout).toContain(`network   ${FRONT}   shop_front   shop    ${WHY}\n`);
  expect(stdout).toMatch(new RegExp(`^service +${WEB} +shop_web +shop +draining$`, 'm'));
  expect(stdout).toMatch(/^service +safe +- +- +protected$/m);
  expect((await cli(['ls', '-o', 'wide', '--marked'])).stdout).toMatch(
    new RegExp(`^network +${FRONT} +shop_front +shop +blocked: .* +0 s ago +com\\.docker\\.stack`, 'm'),
  );
  const { document } = await json('ls', '--stack', 'shop');
  const { document: status } = await json('status');
  const standings = status.marked.map(({ object, state }: { object: string; state: string }) => [object, state]);
  const listed = document.objects.filter(({ mark }: { mark?: object }) => mark !== undefined);
  expect(listed.map(({ object, state }: { object: string; state: string }) => [object, state]).sort()).toEqual(
    standings.sort(),
  );
  expect(listed).toMatchObject([
    { standing: { state: 'draining' } },
    { standing: { state: 'blocked', blockedBy: [{ object: `service#${API}` }] } },
  ]);
});

it('explain has them in its title, its tree, its forecast and its advice', async () => {
  const { cli } = await swarm();
  const { stdout } = await cli(['explain', 'network/shop_front']);
  expect(stdout).toContain(`network ${FRONT} (shop_front) is marked for deletion, `);
  expect(stdout).toContain(`├─ ${WHY}\n`);
  expect(stdout).toContain(`   ├─ service ${API} (shop_api): not marked, 0 tasks\n`);
  expect(stdout).toContain(`1. when the tasks of service ${WEB} (shop_web) are gone: service ${WEB} (shop_web)\n`);
  expect(stdout).toContain(`  stays: network ${FRONT} (shop_front, used by service ${API} (shop_api))\n`);
  expect(stdout).toContain(
    `To let it go, remove service ${API} (shop_api) too ("deallocator rm"), or update it not to`,
  );
});

it('wait, rm and history have them, and what is gone keeps its name', async () => {
  const { cli, client, backend, json } = await swarm();
  const waited = await cli(['wait', 'service', 'shop_web', 'shop_api', '--timeout', '0']);
  expect(waited.stdout).toContain(`service ${WEB} (shop_web): still there, draining\n`);
  expect(waited.stdout).toContain(`service ${API} (shop_api): not marked\n`);
  expect(waited.stderr).toContain(`waiting for service ${WEB} (shop_web, 1 task)\n`);
  expect((await cli(['rm', 'service', 'shop_api'])).stdout).toContain(`  mark service ${API} (shop_api)\n`);
  await client.deleteTasks(WEB, ['1']);
  await backend.deliver();
  const { stdout } = await cli(['history']);
  expect(stdout).toContain(`service ${WEB} (shop_web) `);
  expect(stdout).toContain(`network ${FRONT} (shop_front) `);
  const { document } = await json('history', WEB);
  expect(document.deletions).toMatchObject([{ object: `service#${WEB}`, name: 'shop_web' }]);
  expect((await cli(['explain', 'service', WEB])).stdout).toContain(`service ${WEB} (shop_web) is gone\n`);
});

it('protect and sweep have them', async () => {
  const { cli } = await swarm();
  expect((await cli(['protect', 'service', 'shop_api'])).stdout).toContain(`service ${API} (shop_api): protected\n`);
});
