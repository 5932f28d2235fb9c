/** What the compiler knows of a lifecycle: `tsc` is the test, and the run only shows that the declarations are those of the types. */
import { expect, it } from 'vitest';
import type { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { IdOf, KindOf } from '../../lib/lifecycle/declaration.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT, type swarmkit } from '../../lib/lifecycle/swarmkit.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(isSo: T) => expect(isSo).toBe(true);

type Swarmkit = typeof SWARMKIT;
type Sandbox = typeof SANDBOX;

it('the kinds are known by their names', () => {
  holds<Equal<KindOf<Swarmkit>, 'service' | 'task' | 'network'>>(true);
  holds<Equal<KindOf<ReturnType<typeof swarmkit>>, KindOf<Swarmkit>>>(true);
  const plan: Plan<'service' | 'task' | 'network'> = planOf(SWARMKIT);
  expect(Object.keys(plan.kinds)).toEqual(['service', 'task', 'network']);
  // @ts-expect-error no such kind
  expect(plan.kinds.secret).toBeUndefined();
});

it('an id of one part is a text, of more an object with all of them', () => {
  holds<Equal<IdOf<Swarmkit, 'service'>, string>>(true);
  holds<Equal<IdOf<Swarmkit, 'task'>, Readonly<Record<'service' | 'task', string>>>>(true);
  holds<Equal<IdOf<Sandbox, 'blueprint'>, string>>(true);
  holds<Equal<IdOf<Sandbox, 'lease'>, Readonly<Record<'user' | 'lease', string>>>>(true);
  const twice = defineLifecycle({ kinds: { area: { table: 'areas', key: { pk: 'A#${area}', sk: 'A#${area}' } } } });
  holds<Equal<IdOf<typeof twice, 'area'>, string>>(true);
  // @ts-expect-error a task's id has two parts
  const wrong: IdOf<Swarmkit, 'task'> = '1';
  expect(wrong).toBe('1');
});

it('a kind that is not declared, or a word that is none, does not compile', () => {
  const key = { id: '${b}' };
  expect(() =>
    // @ts-expect-error no such kind
    defineLifecycle({ kinds: { b: { table: 'bs', key, dependsOn: [{ kind: 'c', by: 'value', at: 'x' }] } } }),
  ).toThrow('which is not declared');
  expect(() =>
    defineLifecycle({
      kinds: {
        b: { table: 'bs', key: { id: '${b}' } },
        // @ts-expect-error an index proves nothing
        c: { table: 'cs', key: { id: '${c}' }, dependsOn: [{ kind: 'b', by: 'index', at: 'x' }] },
      },
    }),
  ).toThrow('eventually consistent');
  const telling = { kind: 'b', by: 'value', at: 'x', onDelete: { set: { a: 'b' } } } as const;
  expect(() =>
    defineLifecycle({
      kinds: {
        b: { table: 'bs', key: { id: '${b}' } },
        // @ts-expect-error telling holders is not there
        c: { table: 'cs', key: { id: '${c}' }, dependsOn: [telling] },
      },
    }),
  ).toThrow('not built yet');
});
