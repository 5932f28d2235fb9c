/** What each kind of a lifecycle causes, in plain words. */
import type { Count, Held, KindPlan } from '../../lib/lifecycle/kind-plan.ts';
import type { Plan, WholePlan } from '../../lib/lifecycle/plan.ts';
import { type Refusal, refusalText } from '../../lib/lifecycle/refusals.ts';
import type { Pattern, StreamFunctionPlan, TablePlan } from '../../lib/lifecycle/tables.ts';
import type { Terminal } from './terminal.ts';
import { columns, count, visible } from './text.ts';

const all = (texts: readonly string[]) => new Intl.ListFormat('en', { type: 'conjunction' }).format(texts);
const any = (texts: readonly string[]) => new Intl.ListFormat('en', { type: 'disjunction' }).format(texts);

export function lifecycleWords(plan: WholePlan, terminal: Terminal): string {
  const tables = columns(['TABLE', 'KEY', 'STREAM', 'INDEX', 'DELETES'], tableRows(plan), {
    terminal,
    optional: ['INDEX'],
  });
  const functions = columns(['FUNCTION', 'WOKEN BY', 'TABLE', 'MAY'], functionRows(plan), { terminal });
  return [...Object.keys(plan.kinds).map((kind) => kindWords(plan, kind)), tables, functions].join('\n\n');
}

export function refusalLines(refusals: readonly Refusal[]): string {
  return [
    `Refused, for ${count(refusals.length, 'reason')}:`,
    ...refusals.map((one) => visible(`- ${refusalText(one)} [${one.code}]`)),
  ].join('\n');
}

function kindWords(plan: Plan, kind: string): string {
  const planned = plan.kinds[kind] as KindPlan;
  const { words, table, key } = planned;
  const keys = Object.entries(key).map(([attribute, template]) => `${attribute} = ${template}`);
  const lines = [
    ...(planned.isGuarded ? guardedWords(plan, kind, planned) : ['Its users delete it: nothing depends on it.']),
    ...planned.under.map((under) => `Lies under its ${singularOf(plan, under.kind)}, which goes after it.`),
    ...planned.holds.map((held) => `Holds the ${heldWords(plan, held)}: they go after it.`),
    ...(planned.heldMax > 0 ? [`May hold ${planned.heldMax} at most.`] : []),
    ...goneWords(planned),
    ...fenceWords(plan, planned),
  ];
  return [`${words.singular}: table ${table}, ${keys.join(', ')}`, ...lines.map((line) => `  ${line}`)]
    .map(visible)
    .join('\n');
}

function guardedWords(plan: Plan, kind: string, planned: KindPlan): string[] {
  const { countedBy, holds, goesAlong, restrictedBy, tells, table } = planned;
  const along = holds.filter((held) => plan.kinds[held.kind]?.goesAlong).map((held) => pluralOf(plan, held.kind));
  const learning = plan.learning.filter((one) => one.kind === kind);
  return [
    `Is deleted by a mark only: ${plan.attributes.pendingDelete} = true.`,
    `Goes when it is marked and nothing is left of ${all(countedBy.map((one) => countWords(plan, one)))}.`,
    ...(goesAlong ? ['Goes along, in one transaction, with the last that holds it.'] : []),
    ...(along.length > 0 ? [`Takes marked ${all(along)} along that nothing else holds.`] : []),
    ...tells.map(({ kind: child, set }) => {
      const written = Object.entries(set).map(([attribute, value]) => `${attribute} = "${value}"`);
      return `Once it is marked, its ${pluralOf(plan, child)} get ${all(written)}, for the program that runs them.`;
    }),
    ...(restrictedBy.length === 0
      ? []
      : [`Can't be marked while ${any(restrictedBy.map((one) => restrictWords(plan, one)))}.`]),
    ...(plan.tables[table]?.isWhole === false
      ? ['If its table is there before, it is not locked against other deletes: items of no kind may lie in it.']
      : []),
    ...learning.map(
      ({ holders }) =>
        `If ${all(holders.map((one) => pluralOf(plan, one)))} are there before the deallocator is, their attachments come first.`,
    ),
  ];
}

function restrictWords(plan: Plan, kind: string): string {
  return `${pluralOf(plan, kind)}${plan.kinds[kind]?.isGuarded ? ' that are not marked' : ''} depend on it`;
}

function countWords(plan: Plan, one: Count): string {
  if (one.by === 'attachments')
    return `the ${all(one.kinds.map((kind) => pluralOf(plan, kind)))} that hold it (a query on attachments)`;
  const { partition, sort } = one;
  const where = [`${partition.attribute} = ${partition.of}`];
  if (sort?.equals !== undefined) where.push(`${sort.attribute} = ${sort.equals}`);
  if (sort?.beginsWith !== undefined) where.push(`${sort.attribute} begins with ${sort.beginsWith}`);
  return `its ${pluralOf(plan, one.kind)} (a query on ${one.table}: ${where.join(' and ')})`;
}

function heldWords(plan: Plan, { kind, paths, isFirstOnly, as }: Held): string {
  const at = paths.join(isFirstOnly ? ', or else at ' : ' and ');
  const { parts } = plan.kinds[kind] as KindPlan;
  return `${pluralOf(plan, kind)} named at ${at}${parts.length === 1 && as === `\${${parts[0]}}` ? '' : ` as ${as}`}`;
}

function goneWords({ goneWhen }: KindPlan): string[] {
  return goneWhen === undefined
    ? []
    : [`Counts as gone when ${goneWhen.at} is ${any(goneWhen.isOneOf)}, though it is still there.`];
}

function fenceWords(plan: Plan, { fencedBy, holds }: KindPlan): string[] {
  if (fencedBy.length === 0) return [];
  const others = all(fencedBy.map((one) => singularOf(plan, one)));
  const put = holds.length === 0 ? '' : ', and puts an attachment for each thing that it holds';
  return [
    `Who creates one checks in the same transaction that its ${others} ${fencedBy.length === 1 ? 'is' : 'are'} there and not marked${put}.`,
  ];
}

const pluralOf = (plan: Plan, kind: string) => plan.kinds[kind]?.words.plural ?? kind;
const singularOf = (plan: Plan, kind: string) => plan.kinds[kind]?.words.singular ?? kind;

function tableRows({ tables }: Plan): string[][] {
  return Object.entries(tables).map(([name, table]) => [
    name,
    [table.partitionKey, table.sortKey].filter(Boolean).join(', '),
    table.stream === undefined ? '-' : table.stream === 'KEYS_ONLY' ? 'keys' : 'both images',
    table.markedIndex === undefined ? '-' : `${table.markedIndex.partitionKey}, ${table.markedIndex.sortKey}`,
    deleteWords(table),
  ]);
}

const DELETERS = { deallocator: 'the deallocator', granted: 'who is granted it', nobody: 'nobody' } as const;

function deleteWords({ deletes }: TablePlan): string {
  if (deletes === undefined) return 'its users';
  return `${DELETERS[deletes.by]}${deletes.inTransaction && deletes.by !== 'nobody' ? ', in transactions' : ''}`;
}

function functionRows({ functions, permissions }: WholePlan): string[][] {
  return Object.entries(permissions).flatMap(([name, may]) =>
    Object.entries(may).map(([table, actions], place) => [
      ...(place === 0
        ? [name, Object.hasOwn(functions, name) ? wokenWords(functions[name] as StreamFunctionPlan) : 'its schedule']
        : ['', '']),
      table,
      actions.join(', '),
    ]),
  );
}

function wokenWords({ table, filters }: StreamFunctionPlan): string {
  const records = filters.length === 0 ? ['writes'] : [...new Set(filters.map(recordWords))];
  return `${all(records)} of ${table}`;
}

/** In a word; --json has the patterns. */
function recordWords({ eventName, dynamodb = {} }: Pattern): string {
  if (eventName !== undefined) return String(eventName) === 'REMOVE' ? 'removals' : 'endings';
  const { OldImage, NewImage } = dynamodb as Pattern;
  if (OldImage !== undefined) return 'undeletes';
  if (NewImage === undefined) return 'writes';
  return JSON.stringify(NewImage).includes('"BOOL"') ? 'marks' : 'mistaken marks';
}
