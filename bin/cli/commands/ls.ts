import { interruptible } from '../../../lib/operate/interruptible.ts';
import { typedName } from '../../../lib/operate/names.ts';
import {
  LISTED_OBJECTS_MAX,
  type ListedObject,
  listObjects,
  type ObjectList,
} from '../../../lib/operate/reports/listing.ts';
import { readKind, readLabel, readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE } from '../command.ts';
import { UsageError } from '../errors.ts';
import { type Terminal, terminalOf } from '../terminal.ts';
import { columns, shortened, visible } from '../text.ts';
import { markWords, standingWords } from '../words.ts';

const HEAD = ['KIND', 'ID', 'NAME', 'STACK', 'STATE'];

/** What `-o` may say, and how it shows the objects. */
const FORMATS: Readonly<Record<string, (objects: readonly ListedObject[], terminal: Terminal) => string>> = {
  table: (objects, terminal) => columns(HEAD, objects.map(shortRow), { terminal, optional: ['STACK', 'NAME'] }),
  wide: (objects, terminal) =>
    columns([...HEAD, 'MARKED', 'LABELS'], objects.map(wideRow), {
      terminal,
      optional: ['LABELS', 'STACK', 'MARKED', 'NAME'],
      wrapped: 'STATE',
    }),
  name: (objects) => objects.map((object) => visible(typedName(object))).join('\n'),
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
  async run({ io, open, isJson, print, report, printJson }, given) {
    refuseMore(given, 1);
    const [kindText] = given.positionals;
    const kind = kindText === undefined ? undefined : readKind(kindText);
    const format = given.text('output') ?? 'table';
    const show = FORMATS[format];
    if (show === undefined && format !== 'json') {
      throw new UsageError(`--output is "${format}", allowed: ${Object.keys(FORMATS).join(', ')}, json`);
    }
    const label = readLabel(given);
    const isPlain = given.flag('quiet') || format === 'name';
    const request = {
      kind,
      stack: given.text('stack'),
      labels: label === undefined ? [] : [label],
      marked: given.flag('marked'),
      limit: readNumber(given, 'limit', LISTED_OBJECTS_MAX),
      looksAtMarked: isJson || !isPlain,
    };
    const deployment = await open();
    const found = await interruptible(listObjects(deployment.cluster, request), io);
    if (isJson || show === undefined) {
      printJson(found);
      return DONE;
    }
    const { objects } = found;
    const say = isPlain ? print : report;
    if (objects.length > 0)
      say(
        given.flag('quiet')
          ? objects.map(({ id }) => visible(id)).join('\n')
          : show(objects, terminalOf(io.out, io.environment)),
      );
    else if (!isPlain) report('Nothing was found.');
    const rest = restWords(found);
    // Where a program may read the list, stdout has nothing else.
    if (rest !== undefined) isPlain ? io.err.write(`${rest}\n`) : report(rest);
    return DONE;
  },
};

function shortRow(object: ListedObject): string[] {
  const { kind, id, name, stack } = object;
  return [kind, shortened(id), shortened(name ?? '-'), shortened(stack ?? '-'), stateWords(object)];
}

/** As `status` says it. */
function stateWords({ state, standing, hold, isProtected }: ListedObject): string {
  if (standing !== undefined) return standingWords(standing, hold);
  const facts = [state === 'marked' ? 'marked, not looked at' : '', isProtected ? 'protected' : ''].filter(Boolean);
  return facts.join(', ') || '-';
}

function wideRow(object: ListedObject): string[] {
  const { mark, labels } = object;
  const texts = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return [...shortRow(object), mark === undefined ? '-' : shortened(markWords(mark)), texts.join(', ') || '-'];
}

function restWords({ objects, isWhole }: ObjectList): string | undefined {
  return isWhole
    ? undefined
    : `… and more than these ${objects.length}; --limit shows them, --stack and --label choose`;
}
