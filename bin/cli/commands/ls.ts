import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { typedId } from '../../../lib/lifecycle/told.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import { checkSwarmkits, keyGiven, LABELLED, typedName } from '../../../lib/operate/names.ts';
import {
  LISTED_OBJECTS_MAX,
  type ListedObject,
  listObjects,
  type ObjectList,
} from '../../../lib/operate/reports/listing.ts';
import { readKind, readLabel, readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE } from '../command.ts';
import { UsageError } from '../errors.ts';
import { openTyped } from '../objects.ts';
import { type Terminal, terminalOf } from '../terminal.ts';
import { columns, shortened, visible } from '../text.ts';
import { markWords, standingWords } from '../words.ts';

const HEAD = ['KIND', 'ID', 'NAME', 'STACK', 'STATE'];

/** What `-o` may say, and how it shows the objects. */
const FORMATS: Readonly<Record<string, (plan: Plan, objects: readonly ListedObject[], terminal: Terminal) => string>> =
  {
    table: (plan, objects, terminal) =>
      columns(
        HEAD,
        objects.map((one) => shortRow(plan, one)),
        { terminal, optional: ['STACK', 'NAME'] },
      ),
    wide: (plan, objects, terminal) =>
      columns(
        [...HEAD, 'MARKED', 'LABELS'],
        objects.map((one) => wideRow(plan, one)),
        {
          terminal,
          optional: ['LABELS', 'STACK', 'MARKED', 'NAME'],
          wrapped: 'STATE',
        },
      ),
    name: (plan, objects) => objects.map((one) => visible(typedName(plan, keyGiven(plan, one)))).join('\n'),
  };

export const ls: Command = {
  name: 'ls',
  aliases: ['list', 'get'],
  group: 'Look',
  takes: '[KIND]',
  says: 'lists the services and networks that are there, by stack, by label, or by their marks',
  options: {
    stack: { value: 'STACK', says: 'only those of a stack, by the label com.docker.stack.namespace' },
    label: { value: 'NAME[=VALUE]', says: 'only those with that label' },
    marked: { says: 'only what is marked for deletion' },
    limit: { value: 'N', says: 'how many are shown (default: 1000)' },
    output: { short: 'o', value: 'FORMAT', says: 'wide, name (such as service/web), json or table (default: table)' },
    quiet: { short: 'q', says: 'ids alone, one a line' },
  },
  examples: [
    ['deallocator ls', 'everything'],
    ['deallocator ls services --stack shop', 'the services of one stack'],
    ['deallocator ls --label env=test -o name', 'names that other commands take, as rm - does'],
  ],
  async run(session, given) {
    const { io, isJson, print, report, printJson } = session;
    refuseMore(given, 1);
    const [kindText] = given.positionals;
    const format = given.text('output') ?? 'table';
    const show = FORMATS[format];
    if (show === undefined && format !== 'json') {
      throw new UsageError(`--output is "${format}", allowed: ${Object.keys(FORMATS).join(', ')}, json`);
    }
    const label = readLabel(given);
    const isPlain = given.flag('quiet') || format === 'name';
    const { deployment, typed: kind } = await openTyped(session, (plan) =>
      kindText === undefined ? undefined : readKind(plan, kindText),
    );
    const { cluster } = deployment;
    const { plan } = cluster;
    if (given.text('stack') !== undefined || label !== undefined) checkSwarmkits(plan, LABELLED);
    const request = {
      kind,
      stack: given.text('stack'),
      labels: label === undefined ? [] : [label],
      marked: given.flag('marked'),
      limit: readNumber(given, 'limit', LISTED_OBJECTS_MAX),
      looksAtMarked: isJson || !isPlain,
    };
    const found = await interruptible(listObjects(cluster, request), io);
    if (isJson || show === undefined) {
      printJson(found);
      return DONE;
    }
    const { objects } = found;
    const say = isPlain ? print : report;
    if (objects.length > 0)
      say(
        given.flag('quiet')
          ? objects.map((one) => visible(typedId(plan, keyGiven(plan, one)))).join('\n')
          : show(plan, objects, terminalOf(io.out, io.environment)),
      );
    else if (!isPlain) report('Nothing was found.');
    const rest = restWords(found);
    // Where a program may read the list, stdout has nothing else.
    if (rest !== undefined) isPlain ? io.err.write(`${rest}\n`) : report(rest);
    return DONE;
  },
};

function shortRow(plan: Plan, object: ListedObject): string[] {
  const { kind, name, stack } = object;
  const id = typedId(plan, keyGiven(plan, object));
  return [kind, shortened(id), shortened(name ?? '-'), shortened(stack ?? '-'), stateWords(plan, object)];
}

/** As `status` says it. */
function stateWords(plan: Plan, { state, standing, hold, isProtected }: ListedObject): string {
  if (standing !== undefined) return standingWords(plan, standing, hold);
  const facts = [state === 'marked' ? 'marked, not looked at' : '', isProtected ? 'protected' : ''].filter(Boolean);
  return facts.join(', ') || '-';
}

function wideRow(plan: Plan, object: ListedObject): string[] {
  const { mark, labels } = object;
  const texts = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return [...shortRow(plan, object), mark === undefined ? '-' : shortened(markWords(mark)), texts.join(', ') || '-'];
}

function restWords({ objects, isWhole }: ObjectList): string | undefined {
  return isWhole
    ? undefined
    : `… and more than these ${objects.length}; --limit shows them, --stack and --label choose`;
}
