/** The forecast against the deallocator itself, for kinds of one's own: random items, and what then becomes of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IDEAS } from '../../bin/examples/ideas.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { forecast } from '../../lib/operate/reports/forecast.ts';
import { readNeighbourhood } from '../../lib/operate/reports/neighbourhood.ts';
import { keyOf } from '../../lib/operate/reports/order.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { memoryKinds } from '../support/memory-kinds.ts';

const MINUTE_MILLIS = 60_000;

interface Drawn {
  /** Items by kind, those that are depended on first. */
  readonly items: readonly (readonly [kind: string, item: Readonly<Record<string, unknown>>])[];
  readonly marks: readonly (readonly [kind: string, id: string])[];
}

const ids = (beginning: string, most: number) =>
  fc.integer({ min: 1, max: most }).map((count) => Array.from({ length: count }, (_, n) => `${beginning}${n + 1}`));

const ideasDrawn: fc.Arbitrary<Drawn> = fc
  .tuple(ids('h', 2), ids('c', 2), ids('i', 3), ids('k', 3), fc.infiniteStream(fc.nat(5)))
  .chain(([hackathons, categories, ideas, comments, stream]) => {
    const pick = (some: readonly string[]) => some[(stream.next().value as number) % some.length];
    const items = [
      ...hackathons.map((id) => ['hackathon', { id }] as const),
      ...categories.map((id) => ['category', { id, hackathonId: pick(hackathons) }] as const),
      ...ideas.map((id) => ['idea', { id, hackathonId: pick(hackathons), categoryId: pick(categories) }] as const),
      ...comments.map((id) => ['comment', { id, ideaId: pick(ideas) }] as const),
    ];
    const guarded = items.filter(([kind]) => kind !== 'comment').map(([kind, { id }]) => [kind, id] as const);
    return fc.shuffledSubarray(guarded).map((marks) => ({ items, marks }));
  });

const swarmDrawn: fc.Arbitrary<Drawn> = fc
  .array(
    fc.record({
      volumes: fc.uniqueArray(fc.constantFrom('v1', 'v2', 'v3')),
      isBusy: fc.boolean(),
      isOpen: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .chain((services) => {
    const shared = ['v1', 'v2', 'v3'].map((id) => ['volume', { id }] as const);
    const items = [
      ...shared,
      ['secret', { id: 'x' }] as const,
      ...services.map(({ volumes, isOpen }, n) => {
        const mounts = volumes.map((source) => ({ source }));
        const secrets = isOpen ? [] : [{ secretID: 'x' }];
        return ['service', { id: `s${n}`, spec: { task: { container: { mounts, secrets } } } }] as const;
      }),
      ...services.flatMap(({ isBusy }, n) => (isBusy ? [['task', { serviceId: `s${n}`, id: '1' }] as const] : [])),
    ];
    const guarded = items.filter(([kind]) => kind !== 'task').map(([kind, { id }]) => [kind, id] as const);
    return fc.shuffledSubarray(guarded).map((marks) => ({ items, marks }));
  });

async function judge(lifecycle: Lifecycle, { items, marks }: Drawn, gracePeriodMillis: number): Promise<number> {
  const world = memoryKinds(lifecycle, { ...DEFAULT_RULES, gracePeriodMillis });
  const { client, cluster, plan, tables, chance, backend, sweep } = world;
  for (const [kind, item] of items) await client.create(kind, item as never);
  for (const [kind, id] of marks) await client.remove(kind, id, { whenInUse: 'wait' });
  await backend.deliver();
  const kinds = plan.sweep;
  const there = (): string[] =>
    kinds.flatMap((kind) =>
      tables.list(plan.kinds[kind]?.table as string).map(({ id }) => itemName({ kind, id } as ItemKey)),
    );
  const part = await readNeighbourhood(
    cluster,
    there().map((name) => keyOf(plan, name)),
  );
  const told = forecast(part, cluster.circumstances);
  let gone = 0;
  for (const { after, deletions } of told.steps) {
    const before = there();
    if (after?.assume === 'children gone') {
      const [kind = '', id = ''] = after.of.split('#');
      if (kind === 'idea') {
        const own = tables.list('comments').filter(({ ideaId }) => ideaId === id);
        await client.delete('comment', own.map((one) => one.id) as never);
      } else await client.delete('task', [{ service: id, task: '1' }] as never);
    } else if (after !== undefined) {
      chance.advance(Math.max(0, Date.parse(after.notBefore ?? '') - chance.nowEpochMillis()) || 0);
      await sweep();
    }
    await backend.deliver();
    const left = there();
    const deleted = before.filter((name) => !left.includes(name));
    expect(deleted.sort()).toEqual(deletions.flatMap((one) => one.deleted).sort());
    gone += deleted.length;
  }
  await sweep();
  await backend.deliver();
  const stillMarked = there().filter((name) => marks.some(([kind, id]) => name === `${kind}#${id}`));
  const stays = told.stays.filter(({ reasons }) => !reasons.some(({ because }) => because === 'not marked'));
  expect(stays.map(({ object }) => object).sort()).toEqual(stillMarked.sort());
  for (const { reasons } of stays) expect(reasons).not.toEqual([]);
  return gone;
}

it.each([
  ['IDEAS, four levels', IDEAS, ideasDrawn],
  ['SWARMKIT_ALL, several shared kinds', SWARMKIT_ALL, swarmDrawn],
] as const)('what is forecast happens: %s', async (_, lifecycle, drawn) => {
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(drawn, fc.constantFrom(0, 10 * MINUTE_MILLIS), async (one, grace) => {
      gone += await judge(lifecycle as Lifecycle, one, grace);
    }),
    { numRuns: 60 },
  );
  // Histories in which nothing happens would prove nothing.
  expect(gone).toBeGreaterThan(20);
});
