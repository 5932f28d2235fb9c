/** The demo of kinds of one's own: items of each, of which one set is removed while its leaves go one by one, and another set stays. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DeallocatorClient } from '../../lib/client/client.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { idOf } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import type { KindPlan } from '../../lib/lifecycle/kind-plan.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { typedId } from '../../lib/lifecycle/told.ts';
import { interruptible } from '../../lib/operate/interruptible.ts';
import { spoken } from '../../lib/operate/names.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { CONFIGURATION_VARIABLE } from '../../lib/streams/deployment.ts';
import { sequence } from '../cli/lists.ts';
import { count } from '../cli/text.ts';
import type { TemplateChoices } from '../synthesize.ts';
import { type CastItem, castFor, latecomerFor } from './cast.ts';
import { DemoFailure } from './demo.ts';
import { LEAF_EVERY_MILLIS, QUIET_TIMEOUT_MILLIS } from './limits.ts';
import { type Deletion, Observation } from './observation.ts';
import { onCloud, type Stage } from './on-cloud.ts';
import { seededRandom } from './random.ts';
import type { Screen } from './screen.ts';
import { fold, seconds } from './text.ts';

export interface KindsDemoOptions {
  readonly lifecycle: Lifecycle;
  /** Where it was read, for the template. */
  readonly kinds: Omit<TemplateChoices, 'validate'>;
  readonly seed: number;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

type Client = DeallocatorClient<Lifecycle>;

/** Throws a {@link DemoFailure} where the end is not as it must be. */
export async function runKindsDemo(options: KindsDemoOptions): Promise<void> {
  const { lifecycle, kinds, screen, signal } = options;
  const plan: Plan = planOf(lifecycle);
  const cast = castFor(plan);
  const observation = new Observation(plan);
  await onCloud({ screen, signal, observation, kinds }, async (stage) => {
    const { cloud, names, step } = stage;
    const { endpoint, region, accessKeyId, secretAccessKey } = cloud;
    const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    const client = new DeallocatorClient({ lifecycle, tables: names.tables, connection }) as Client;
    const ask = commandOf({ ...names, endpoint, region, accessKeyId, secretAccessKey, lifecycle }, screen, signal);
    await step('Create items', describeCast(plan, cast), async () => {
      for (const { key, item } of cast) await client.create(key.kind, item as Record<string, string>);
      await cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS });
    });
    await remove(options, plan, cast, client, stage, observation, ask);
    signal.throwIfAborted();
    const problems = [
      ...compare(plan, cast, observation.deletions),
      ...cloud.deadLetters().map(({ body }) => `a dead letter was left: ${JSON.stringify(body)}`),
      ...((await ask('audit')) ? [] : ['the audit found something']),
    ];
    if (problems.length === 0) return;
    const trouble = observation.trouble.length > 0 ? ['the local cloud said:', ...observation.trouble] : [];
    throw new DemoFailure(['the end is not as it must be', ...problems, ...trouble].join('\n  '));
  });
}

async function remove(
  { seed, screen, signal }: KindsDemoOptions,
  plan: Plan,
  cast: readonly CastItem[],
  client: Client,
  { cloud }: Stage,
  observation: Observation,
  ask: Ask,
): Promise<void> {
  const marked = cast.filter(({ set, isGuarded }) => set !== 'b' && isGuarded);
  const told = (text: string) => screen.line(`${fold(text, screen.columns, '  ')}\n`);
  screen.line();
  await showRestriction(plan, marked, client, told);
  // What depends on others comes first: so each is free as soon as the last that depends on it is gone.
  for (const { key } of marked.toReversed()) {
    await client.remove(key.kind, idOf(plan, key), { by: 'the demo', whenInUse: 'wait' });
  }
  const startEpochMillis = Date.now();
  screen.line(
    `${sequence(
      marked.map(({ key }) => spoken(plan, itemName(key))),
      ', ',
    )} ${isAre(marked.length)} marked.\n`,
  );
  await showFence(plan, cast, client, told);
  await ask('status');
  const shared = marked.find(({ set }) => set === 'shared') ?? marked[0];
  if (shared !== undefined) await ask('explain', shared.key.kind, typedId(plan, shared.key));

  const show = ({ kind, id, along, by, atEpochMillis }: Deletion) => {
    const when = seconds(atEpochMillis - startEpochMillis).padStart(7);
    const why = along === undefined ? whyBy(plan, kind, by) : `in one transaction with ${along}`;
    screen.line(`${when}  ${spoken(plan, itemName({ kind, id }))} deleted: ${why}`);
  };
  observation.deletions.forEach(show);
  observation.onDeletion = show;
  const random = seededRandom(seed, 0);
  const leaves = cast.filter(({ set, isGuarded }) => set === 'a' && !isGuarded);
  for (const { key } of leaves.toSorted(() => random.fraction() - 0.5)) {
    await pause(LEAF_EVERY_MILLIS * (0.5 + random.fraction()), undefined, { signal });
    screen.line(
      `${seconds(Date.now() - startEpochMillis).padStart(7)}  ${spoken(plan, itemName(key))} ends, as its program does it`,
    );
    await client.delete(key.kind, [idOf(plan, key)]);
  }
  await interruptible(cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS }), { signal });
  observation.onDeletion = () => {};
  screen.line(`\nAll is quiet ${seconds(Date.now() - startEpochMillis)} after the marks.\n`);
  const gone = marked.find(({ set }) => set === 'a');
  if (gone !== undefined) await ask('history', gone.key.kind, typedId(plan, gone.key));
}

/** What is in use, and restricted, can't be marked. */
async function showRestriction(
  plan: Plan,
  marked: readonly CastItem[],
  client: Client,
  told: (text: string) => void,
): Promise<void> {
  const restricted = marked.find(({ key }) => planned(plan, key).restrictedBy.length > 0);
  if (restricted === undefined) return;
  const refusal = await refusalOf(() => client.remove(restricted.key.kind, idOf(plan, restricted.key)));
  if (refusal === undefined) throw new DemoFailure(`${itemName(restricted.key)} is in use, and was marked`);
  told(`What is in use is not marked: ${refusal}`);
}

async function showFence(
  plan: Plan,
  cast: readonly CastItem[],
  client: Client,
  told: (text: string) => void,
): Promise<void> {
  const latecomer = latecomerFor(plan, cast);
  if (latecomer === undefined) return;
  const { key, item } = latecomer;
  const refusal = await refusalOf(() => client.create(key.kind, item as Record<string, string>));
  if (refusal === undefined) throw new DemoFailure(`the fence let ${itemName(key)} come to what is marked`);
  told(`Nothing new comes to it: ${refusal}`);
}

async function refusalOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
  } catch (error) {
    if (isDeallocatorError(error, 'FailedPrecondition')) return error.message;
    throw error;
  }
  return undefined;
}

/** Why something went by itself, from the function that saw it. */
function whyBy(plan: Plan, kind: string, by: string): string {
  const kinds = plan.functions[by]?.kinds ?? [];
  if (by === 'sweep') return 'the sweep found that nothing uses it';
  if (kinds.includes(kind)) return 'nothing used it when its mark was seen';
  const [child] = kinds;
  return child === undefined
    ? 'the last that held it is gone'
    : `its last ${plan.kinds[child]?.words.singular} is gone`;
}

/** Set `a` is gone, and with it what is shared only if nothing of set `b` holds it; set `b` is there. */
function compare(plan: Plan, cast: readonly CastItem[], deletions: readonly Deletion[]): string[] {
  const gone = new Set(deletions.map(itemName));
  const mustGo = cast.filter(({ set, isGuarded }) => set === 'a' && isGuarded).map(({ key }) => itemName(key));
  const may = new Set(mustGo);
  return [
    ...mustGo.filter((name) => !gone.has(name)).map((name) => `${spoken(plan, name)} was not deleted`),
    ...[...gone].filter((name) => !may.has(name)).map((name) => `${spoken(plan, name)} was deleted, and had to stay`),
  ];
}

type Ask = (...words: readonly string[]) => Promise<boolean>;

/** The command itself, as its user would type it beside a running cloud. Whether it succeeded. */
function commandOf(config: object, screen: Screen, signal: AbortSignal): Ask {
  const program = join(import.meta.dirname, '..', 'deallocator.ts');
  const env = { ...process.env, [CONFIGURATION_VARIABLE]: JSON.stringify(config), COLUMNS: String(screen.columns) };
  return async (...words) => {
    const { stdout, stderr, isDone } = await promisify(execFile)(process.execPath, [program, ...words], { env, signal })
      .then((answer) => ({ ...answer, isDone: true }))
      .catch((error: { readonly stdout?: string; readonly stderr?: string }) => {
        signal.throwIfAborted();
        return { stdout: error.stdout ?? '', stderr: error.stderr ?? String(error), isDone: false };
      });
    screen.line(`$ deallocator ${words.join(' ')}\n${`${stderr}${stdout}`.trimEnd()}\n`);
    return isDone;
  };
}

function describeCast(plan: Plan, cast: readonly CastItem[]): string {
  const counts = Object.entries(plan.kinds).map(([kind, { words }]) =>
    count(cast.filter(({ key }) => key.kind === kind).length, words.singular, words.plural),
  );
  return counts.join(', ');
}

const planned = (plan: Plan, { kind }: ItemKey) => plan.kinds[kind] as KindPlan;
const isAre = (many: number) => (many === 1 ? 'is' : 'are');
