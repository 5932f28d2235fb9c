/** The audit's first look, page by page and partition by partition, beside the checks of the whole world at once. */
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemName } from '../../lib/lifecycle/keys.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { suspectKey } from '../../lib/operate/audit/findings.ts';
import { Partitions } from '../../lib/operate/audit/partitions.ts';
import type { AuditedPage } from '../../lib/operate/audit/reader.ts';
import { SUSPICIONS_OF_A_PROBLEM_MAX, Survey } from '../../lib/operate/audit/survey.ts';
import { findSuspects } from '../../lib/operate/audit/suspects.ts';
import type { AuditedWorld } from '../../lib/operate/audit/world.ts';
import type { Circumstances } from '../../lib/protocol/decide.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { taskKey } from '../support/swarmkit.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const EMPTY: AuditedWorld = { items: {}, attachments: [], counters: [] };

/** In pages of two items, each table's after another's. */
const survey = async (plan: Plan, world: AuditedWorld, circumstances: Circumstances, heldCharactersMax?: number) => {
  const run = new Survey(plan, circumstances, heldCharactersMax);
  const take = async <T>(items: readonly T[], pageOf: (some: readonly T[]) => AuditedPage) => {
    for (let at = 0; at < items.length; at += 2) await run.take(pageOf(items.slice(at, at + 2)));
  };
  for (const kind of Object.keys(plan.kinds)) {
    await take(world.items[kind] ?? [], (items) => ({ of: 'kind', kind, items }));
  }
  await take(world.attachments, (items) => ({ of: 'attachments', items }));
  await take(world.counters, (items) => ({ of: 'counters', items }));
  await run.conclude();
  await run.close();
  return run.suspicions;
};
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('deallocator-audit-'));

/** Few ids, so that they meet. */
const id = fc.constantFrom('a', 'b', 'c');
const references = fc.array(
  id.map((target) => ({ target })),
  { maxLength: 3 },
);
const mark = fc.constantFrom(
  {},
  { pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1' },
  { pendingDelete: true, markedAt: '2026-01-01T23:59:59.000Z#1' },
  { pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1', protected: true },
  { pendingDelete: 'true' },
  { markedAt: 'left#1', protected: 7 },
);
const parents = (spec: fc.Arbitrary<unknown>) =>
  fc
    .uniqueArray(fc.tuple(id, mark, spec), { selector: ([own]) => own })
    .map((all) => all.map(([own, more, given]) => ({ id: own, ...more, spec: given })));
const task = fc.record({
  serviceId: id,
  id,
  status: fc.constantFrom(undefined, { state: 'running' }, { state: 'failed' }),
  networks: fc.option(references, { nil: undefined }),
});
const items = fc.record({
  service: parents(
    fc
      .constantFrom('task', 'own', 'odd')
      .chain((list) =>
        references.map((networks) =>
          list === 'task'
            ? { task: { networks } }
            : { networks: list === 'odd' ? [{ target: 7 }, ...networks] : networks },
        ),
      ),
  ),
  network: parents(fc.constant({})),
  task: fc.uniqueArray(task, { selector: ({ serviceId, id: own }) => `${serviceId} ${own}` }),
});
const world: fc.Arbitrary<AuditedWorld> = fc.record({
  items,
  attachments: fc.uniqueArray(
    fc.record({
      held: fc.oneof(
        { weight: 9, arbitrary: id.map((own) => `network#${own}`) },
        fc.constantFrom('a', 'service#a', 'network#'),
      ),
      holder: fc.oneof(
        { weight: 4, arbitrary: id.map((own) => `service#${own}`) },
        {
          weight: 4,
          arbitrary: fc.tuple(id, id).map(([serviceId, own]) => itemName(taskKey(serviceId, own))),
        },
        fc.constantFrom('a', 'network#a', 'task#01#a#a'),
      ),
    }),
    { selector: ({ held, holder }) => `${held} ${holder}` },
  ),
  counters: fc.uniqueArray(
    fc.record({
      id: fc.oneof(
        id.map((own) => `service#${own}`),
        id.map((own) => `network#${own}`),
        fc.constantFrom('sweep', 'odd#a'),
      ),
      remaining: fc.constantFrom<unknown>(-1, 0, 1, 2, 3, 'two'),
      epoch: fc.constantFrom<unknown>('e1', undefined),
    }),
    { selector: (counter) => counter.id },
  ),
});

describe('a survey', () => {
  it('suspects what the checks of the whole world at once suspect, under whatever choices, in memory or in files', async () => {
    const choices = fc.record({
      taskIsGone: fc.constantFrom('deleted' as const, 'terminal' as const),
      taskNetworks: fc.boolean(),
    });
    const graces = fc.constantFrom(0, 3_600_000);
    const told = { problems: new Set<string>() };
    await fc.assert(
      fc.asyncProperty(
        world,
        choices,
        graces,
        fc.constantFrom(undefined, undefined, undefined, undefined, 0),
        async (given, chosen, gracePeriodMillis, held) => {
          const circumstances = { rules: { ...DEFAULT_RULES, gracePeriodMillis }, nowEpochMillis: NOW };
          const plan = swarmkitPlan(chosen);
          const expected = findSuspects(plan, given, circumstances);
          for (const { problem } of expected) told.problems.add(problem);
          const found = (await survey(plan, given, circumstances, held)).all().map(suspectKey);
          expect(found.sort()).toEqual(expected.map(suspectKey).sort());
        },
      ),
      { numRuns: 200 },
    );
    // It had all problems to find but the one that takes 33 networks.
    expect(told.problems.size).toBe(15);
  });

  it('keeps so many of each problem, tells how many more there are, and leaves no file', async () => {
    const before = folders();
    const count = SUSPICIONS_OF_A_PROBLEM_MAX + 3;
    const ids = Array.from({ length: count }, (_, n) => `n${n}`);
    const given: AuditedWorld = {
      ...EMPTY,
      items: { task: ids.map((own) => ({ serviceId: 'gone', id: own })) },
      attachments: [{ held: 'network#front', holder: 'service#gone' }],
    };
    const suspicions = await survey(swarmkitPlan(), given, { rules: DEFAULT_RULES, nowEpochMillis: NOW }, 100_000);
    expect(suspicions.unchecked()).toEqual({ 'orphan task': 3 });
    expect(suspicions.all()).toHaveLength(SUSPICIONS_OF_A_PROBLEM_MAX + 1);
    expect(folders()).toEqual(before);
  });
});

describe('partitions', () => {
  const read = async (partitions: Partitions<unknown>) => {
    const all: unknown[][] = [];
    for (const partition of partitions.all()) {
      const facts: unknown[] = [];
      for await (const fact of partition()) facts.push(fact);
      if (facts.length > 0) all.push(facts);
    }
    return all;
  };

  it.each([0, 1_000_000])(
    'bring facts of one key together in their order, with %i characters in memory',
    async (held) => {
      const partitions = new Partitions<unknown>(held);
      const fact = (n: number) => ['line\nfeed \u2028', n];
      for (let n = 0; n < 10; n++) {
        partitions.add(n % 2 === 0 ? 'even' : 'odd', fact(n));
        await partitions.room();
      }
      const expected = [[0, 2, 4, 6, 8].map(fact), [1, 3, 5, 7, 9].map(fact)];
      expect((await read(partitions)).sort()).toEqual(expected);
      expect((await read(partitions)).sort()).toEqual(expected);
      await partitions.close();
    },
  );

  it('are in files that only their user can read, as soon as there is too much, and in none after their end', async () => {
    const before = folders();
    const partitions = new Partitions<unknown>(10);
    partitions.add('a', 'x'.repeat(8));
    await partitions.room();
    expect(folders()).toEqual(before);
    partitions.add('a', 'y');
    await partitions.room();
    const [folder = ''] = folders().filter((name) => !before.includes(name));
    expect(statSync(join(tmpdir(), folder)).mode & 0o777).toBe(0o700);
    await partitions.close();
    expect(folders()).toEqual(before);
  });

  it('say what to do where there is no room for them', async () => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = '/nowhere';
    try {
      const partitions = new Partitions<unknown>(0);
      partitions.add('a', 1);
      await expect(partitions.room()).rejects.toMatchObject({
        code: 'FailedPrecondition',
        message: expect.stringMatching(/can't be kept in \/nowhere .*; make room there, or set TMPDIR/),
      });
      await partitions.close();
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });
});
