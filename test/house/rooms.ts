/** Which room may import from which: down only, and never in a circle. */
import { ourImports, type Source } from './sources.ts';

/** What the reports, the audit, the snapshots and the recovery of lib/operate stand on. */
const GROUND_OF_OPERATE = [
  ...['lib/operate/values.ts', 'lib/operate/names.ts', 'lib/operate/nearness.ts'],
  ...['lib/operate/interruptible.ts', 'lib/operate/lines.ts'],
];
const CORE = ['lib/dynamodb', 'lib/protocol', 'lib/lifecycle'];

/**
 * A room is a folder, or a file that stands between folders; the longest name that fits a path is its room. Packages and
 * `node:` are no business of this table.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // What a declaration of kinds means. Of the protocol it has what stands below everything: errors and limits.
  'lib/lifecycle': ['lib/protocol/errors.ts', 'lib/protocol/limits.ts'],
  'lib/protocol': ['lib/lifecycle'],
  'lib/dynamodb': ['lib/protocol', 'lib/lifecycle'],
  'lib/streams': CORE,
  // The configuration that `connect` sets is data, and no part of a function.
  'lib/client': ['lib/streams/configuration.ts', ...CORE],

  // Reports on a living cluster, the audit of all tables, snapshots and recovery differ in what may fail and in what they
  // must be permitted, so none knows another: but the audit's repair asks the sweep function to settle.
  'lib/operate': CORE,
  'lib/operate/recovery': [...GROUND_OF_OPERATE, 'lib/streams', ...CORE],
  'lib/operate/audit': ['lib/operate/recovery', ...GROUND_OF_OPERATE, ...CORE],
  // Looks at what is deployed around the tables. The selftest goes its paths as a client, and asks the sweep.
  'lib/operate/deployed': [...GROUND_OF_OPERATE, 'lib/streams', ...CORE],
  'lib/operate/selftest': [
    ...['lib/operate/deployed', 'lib/operate/recovery', ...GROUND_OF_OPERATE],
    ...['lib/client', 'lib/streams', ...CORE],
  ],
  'lib/operate/reports': [...GROUND_OF_OPERATE, 'lib/client', ...CORE],
  'lib/operate/snapshots': [...GROUND_OF_OPERATE, 'lib/client', ...CORE],
  'lib/operate/index.ts': ['lib/operate', 'lib/client', 'lib/streams', ...CORE],

  // What is data there, and nothing that a deployed function runs.
  'lib/infra': [
    'lib/dynamodb/schema.ts',
    'lib/lifecycle',
    'lib/protocol/errors.ts',
    'lib/protocol/limits.ts',
    'lib/protocol/rules.ts',
    'lib/streams/deployment.ts',
    'lib/streams/functions.ts',
    'lib/streams/metrics.ts',
  ],

  // Each AWS service is a room, and reads the template and the bundles from disk only.
  'lib/local/ground': [],
  'lib/local/template': ['lib/local/ground'],
  'lib/local/iam': ['lib/local/template', 'lib/local/ground'],
  'lib/local/dynamodb': ['lib/local/iam', 'lib/local/template', 'lib/local/ground'],
  'lib/local/sqs': ['lib/local/iam', 'lib/local/template', 'lib/local/ground'],
  'lib/local/events': ['lib/local/iam', 'lib/local/template', 'lib/local/ground'],
  'lib/local/lambda': ['lib/local/sqs', 'lib/local/iam', 'lib/local/template', 'lib/local/ground'],
  'lib/local/streams': [
    ...['lib/local/lambda', 'lib/local/sqs', 'lib/local/events', 'lib/local/dynamodb'],
    ...['lib/local/template', 'lib/local/ground'],
  ],
  // The cloud that is made of them.
  'lib/local': ['lib/local'],

  // DynamoDB's other end again, in memory; and a world that is simulated on it. Of Lambda they know what decides: which record
  // a filter lets through, and what follows from a batch's answer.
  'lib/testing/memory': ['lib/local/events/pattern.ts', 'lib/streams', ...CORE],
  'lib/testing/simulation': [
    'lib/testing/memory',
    'lib/local/streams/batch-result.ts',
    'lib/client',
    'lib/streams',
    ...CORE,
  ],

  // What users of the package test with.
  'lib/testing': ['lib/testing', 'lib/local', 'lib/client', 'lib/operate', 'lib/streams', ...CORE],

  functions: ['lib/streams'],
  bin: [
    ...['lib/client', 'lib/infra', 'lib/local', 'lib/operate', 'lib/streams', 'lib/testing/local-cloud.ts'],
    ...CORE,
    'package.json',
  ],
};

function roomOf(path: string): string | undefined {
  const rooms = Object.keys(MAY_IMPORT).filter((room) => path === room || path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0];
}

export function climbingImports(product: readonly Source[]): string[] {
  return product.flatMap((source) => {
    const room = roomOf(source.path);
    if (room === undefined) return [`${source.path} is in no room of the house; add it to MAY_IMPORT`];
    const allowed = MAY_IMPORT[room] ?? [];
    return ourImports(source)
      .filter((target) => roomOf(target) !== room)
      .filter((target) => !allowed.some((place) => target === place || target.startsWith(`${place}/`)))
      .map((target) => `${source.path} imports ${target}; ${room} may import ${allowed.join(', ') || 'nothing'}`);
  });
}

/** One circle for each group of files that import each other, types included: the shortest through the group's first file. */
export function importCircles(product: readonly Source[]): string[] {
  const imports = new Map(product.map((source) => [source.path, ourImports(source)]));
  const told = new Set<string>();
  return [...imports.keys()].sort().flatMap((path) => {
    const circle = told.has(path) ? undefined : shortestWayBack(path, imports);
    if (circle === undefined) return [];
    for (const member of circle) told.add(member);
    return [`${[...circle, path].join(' imports ')}: move what both need below them`];
  });
}

function shortestWayBack(start: string, imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  // The list grows while it is gone through, shorter ways first.
  for (const way of ways) {
    for (const target of imports.get(way.at(-1) as string) ?? []) {
      if (target === start) return way;
      if (seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return undefined;
}

/** The words of DynamoDB's requests, and its commands: only lib/dynamodb speaks them. */
const EXPRESSIONS =
  /\b(?:Condition|KeyCondition|Filter|Projection|Update)Expression\b|\bExpressionAttribute(?:Names|Values)\b/;
const COMMANDS = /import (?:type )?\{([^}]*)\} from '@aws-sdk\/(?:client-dynamodb|lib-dynamodb)'/g;
const SPEAKERS = [
  'lib/dynamodb/',
  // The local cloud's DynamoDB stands at the other end of the wire: it tells what a request costs from what is in it.
  'lib/local/dynamodb/',
  // The engine in memory reads the expressions that it is sent, and the simulation tells a stamp by its own.
  'lib/testing/memory/',
  'lib/testing/simulation/wire.ts',
  // A program that is not ours, and writes by itself.
  'bin/examples/electrodb.ts',
];

export function strayExpressions(product: readonly Source[]): string[] {
  return product
    .filter(({ path }) => !SPEAKERS.some((room) => path.startsWith(room)))
    .flatMap(({ path, text }) => {
      const commands = [...text.matchAll(COMMANDS)].flatMap(([, names = '']) => names.match(/\b\w+Command\b/g) ?? []);
      const [expression] = EXPRESSIONS.exec(text) ?? [];
      return [...commands, ...(expression === undefined ? [] : [expression])].map(
        (word) => `${path} says ${word}; only lib/dynamodb speaks to DynamoDB: give it a request there, and a name`,
      );
    });
}
