/** The house's checks can fail: each is shown a made-up source that breaks its rule, and one that keeps it. */
import { describe, expect, it } from 'vitest';
import { bannedWords } from './bans.ts';
import { brokenCitations } from './citations.ts';
import { bareCommands, doubleChoices, unknownScripts } from './commands.ts';
import { undocumented } from './docstrings.ts';
import { NAMED_MAX, namedTooOften } from './kinds.ts';
import { climbingImports, importCircles, strayExpressions } from './rooms.ts';
import type { Source } from './sources.ts';

const source = (path: string, ...lines: string[]): Source => ({ path, text: lines.join('\n') });

describe('imports that climb', () => {
  it.each([
    ['lib/protocol/settle.ts', '../streams/batch.ts', 'lib/protocol may import lib/lifecycle'],
    ['lib/operate/reports/status.ts', '../audit/audit.ts', 'lib/operate/reports may import lib/operate/values.ts'],
    ['lib/operate/values.ts', './reports/view.ts', 'lib/operate may import lib/dynamodb'],
    ['lib/local/iam/policies.ts', '../lambda/pool.ts', 'lib/local/iam may import lib/local/template'],
    ['lib/infra/alarms.ts', '../streams/batch.ts', 'lib/infra may import lib/dynamodb/schema.ts'],
    ['functions/index.ts', '../lib/protocol/sweep.ts', 'functions may import lib/streams'],
  ])('%s imports %s', (path, target, message) => {
    const [told, ...more] = climbingImports([source(path, `import type { A } from '${target}';`)]);
    expect(told).toContain(message);
    expect(more).toEqual([]);
  });

  it('are all that is told: what points down, into its own room or to a package is not', () => {
    const down = ["import { a } from '../protocol/limits.ts';", "import b from './b.ts';", "import 'node:fs';"];
    expect(climbingImports([source('lib/dynamodb/store.ts', ...down)])).toEqual([]);
    const whole = ["export { a } from './reports/status.ts';", "export { b } from './audit/audit.ts';"];
    expect(climbingImports([source('lib/operate/index.ts', ...whole)])).toEqual([]);
  });

  it('have no hiding place: a file outside of all rooms is told too', () => {
    expect(climbingImports([source('lib/attic/box.ts')])).toEqual([
      'lib/attic/box.ts is in no room of the house; add it to MAY_IMPORT',
    ]);
  });
});

describe('names of kinds', () => {
  const naming = (times: number) => "if (kind === 'service') return 'task';\n".repeat(times / 2);

  it('beyond what a room has left are told, those in comments are not', () => {
    const most = NAMED_MAX['lib/infra'] ?? 0;
    expect(namedTooOften([source('lib/infra/alarms.ts', naming(2 * most + 2))])).toEqual([
      `lib/infra names kinds ${2 * most + 2} times, and ${most} are left: let data over the kinds decide`,
    ]);
    expect(namedTooOften([source('lib/new/a.ts', naming(2))])).toHaveLength(1);
    expect(
      namedTooOften([source('lib/new/a.ts', "// a 'service', as `service#web`", "/* 'task' */ 'services';")]),
    ).toEqual([]);
  });
});

describe('circles', () => {
  it('are told in their order, of types too', () => {
    const circle = [
      source('lib/protocol/a.ts', "import { b } from './b.ts';"),
      source('lib/protocol/b.ts', "import type { C } from './c.ts';"),
      source('lib/protocol/c.ts', "export type * from './a.ts';"),
    ];
    expect(importCircles(circle)).toEqual([
      'lib/protocol/a.ts imports lib/protocol/b.ts imports lib/protocol/c.ts imports lib/protocol/a.ts: move what both need below them',
    ]);
  });

  it('are not told where two files import a third', () => {
    const tree = [
      source('lib/protocol/a.ts', "import { b } from './b.ts';", "import { c } from './c.ts';"),
      source('lib/protocol/b.ts', "import { c } from './c.ts';"),
      source('lib/protocol/c.ts'),
    ];
    expect(importCircles(tree)).toEqual([]);
  });
});

describe('DynamoDB’s words outside of its room', () => {
  it.each([
    ["import { GetCommand } from '@aws-sdk/lib-dynamodb';", 'GetCommand'],
    ["import {\n  type AttributeValue,\n  ScanCommand,\n} from '@aws-sdk/client-dynamodb';", 'ScanCommand'],
    ["const read = { FilterExpression: 'a = b' };", 'FilterExpression'],
    ['const names = { ExpressionAttributeNames: {} };', 'ExpressionAttributeNames'],
  ])('%s', (line, word) => {
    expect(strayExpressions([source('lib/operate/audit/reader.ts', line)])).toEqual([
      expect.stringContaining(`lib/operate/audit/reader.ts says ${word};`),
    ]);
    expect(strayExpressions([source('lib/dynamodb/reads.ts', line)])).toEqual([]);
  });

  it('are no commands of other services, and no schedule’s expression', () => {
    const others = ["import { InvokeCommand } from '@aws-sdk/client-lambda';", "const rule = 'ScheduleExpression';"];
    expect(strayExpressions([source('lib/operate/recovery/sweep-function.ts', ...others)])).toEqual([]);
  });
});

describe('citations', () => {
  const design =
    '# Design\n## 4. Protocol\nAs §4.3 says.\n### 4.3 The rules\n| R7 | Step 1 reads consistently. | | |\n';
  const told = (...lines: string[]) => brokenCitations(design, [source('lib/protocol/settle.ts', ...lines)]);

  it('that find their place are right, over the end of a line too', () => {
    expect(told('/** docs/design.md §4, docs/design.md §4.3 R7. */')).toEqual([]);
    expect(told('/**', ' * See docs/design.md', ' * §4.3. */')).toEqual([]);
  });

  it.each([
    ['docs/design.md §5', 'lib/protocol/settle.ts cites §5, which docs/design.md has not'],
    ['docs/design.md §4.3 R7, R8', 'lib/protocol/settle.ts cites R8, which docs/design.md has not'],
    ['docs/design.md', '§4.4', 'lib/protocol/settle.ts cites §4.4, which docs/design.md has not'],
    ['see DESIGN', 'lib/protocol/settle.ts cites DESIGN; write'],
    ['as §4 says', 'lib/protocol/settle.ts cites a bare §; write'],
    ['CE0', 'lib/protocol/settle.ts cites a counterexample by a number of its own; write'],
    ['M8', 'lib/protocol/settle.ts cites a mutant by a number of its own; write'],
    ['the model’s report', "lib/protocol/settle.ts cites the model's report; write"],
  ])('%s', (...parts) => {
    expect(told(...parts.slice(0, -1))).toEqual([expect.stringContaining(parts.at(-1) as string)]);
  });

  it('of the design itself are checked too', () => {
    expect(brokenCitations('## 1. Problem\nSee §2.', [])).toEqual([
      'docs/design.md cites §2, which docs/design.md has not',
    ]);
  });
});

describe('commands', () => {
  it('that a person types name no file', () => {
    const bare = source('docs/cli.md', 'Run `node bin/deallocator.ts` here, or `node --test test/a.test.ts`.');
    expect(bareCommands([bare])).toHaveLength(2);
    expect(bareCommands([source('docs/cli.md', '`npm run deallocator`, `npx node bin/app.ts`')])).toEqual([]);
  });

  it('that a page names are scripts', () => {
    const page = source('README.md', 'Run `npm test` and `npm run test:alll`.', 'npm ci', 'npm run --silent start');
    expect(unknownScripts([page], { test: '', start: '' })).toEqual([
      'README.md names `npm run test:alll`, which package.json has not',
    ]);
  });

  it('that name objects choose none by a stack besides', () => {
    const page = source(
      'docs/deploy.md',
      '`deallocator rm service web --stack Shop --wait`',
      'deallocator ls --stack shop',
    );
    expect(doubleChoices([page])).toHaveLength(1);
  });
});

it.each([
  ['const now = Date.now();', 'Chance.nowEpochMillis'],
  ['setTimeout(() => {}, 5);', 'Chance.pause'],
  ['const id: any = 1;', 'unknown'],
])('the core may not say %s', (line, use) => {
  expect(bannedWords([source('lib/protocol/time.ts', line)])).toEqual([expect.stringContaining(`use ${use}`)]);
  expect(bannedWords([source('lib/protocol/time.ts', `// ${line}`), source('bin/start.ts', line)])).toEqual([]);
});

describe('docstrings', () => {
  const door = source('lib/a/index.ts', "export { b, type C } from './b.ts';", "export type * from './d.ts';");

  it('are asked of all that a door gives out, and of its members', () => {
    const b = source('lib/a/b.ts', '/** Does it. */', 'export function b() {}', 'export class C {', '  read(', '}');
    const d = source('lib/a/d.ts', '/** A thing. */', 'export interface D {', '  readonly e: 1;', '}');
    expect(undocumented(door.path, [door, b, d])).toEqual(['lib/a/b.ts: C', 'lib/a/b.ts: C.read', 'lib/a/d.ts: D.e']);
    expect(undocumented(door.path, [door, b])).toHaveLength(2);
    expect(undocumented(door.path, [door])).toEqual([
      'lib/a/b.ts: b is not declared there',
      'lib/a/b.ts: C is not declared there',
    ]);
  });

  it('are there: nothing is told', () => {
    const b = source('lib/a/b.ts', '/** Does it. */', 'export const b = 1;', '/** One. */', "export type C = 'c';");
    const d = source('lib/a/d.ts', '/** A thing. */', 'export interface D {', '  /** One. */', '  readonly e: 1;', '}');
    expect(undocumented(door.path, [door, b, d])).toEqual([]);
  });
});
