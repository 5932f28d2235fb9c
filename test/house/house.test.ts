/** The house checks itself: each message says where, what, and what to use instead. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bannedWords } from './bans.ts';
import { brokenCitations, DESIGN } from './citations.ts';
import { bareCommands, doubleChoices, unknownScripts } from './commands.ts';
import { exportsOf, undocumented } from './docstrings.ts';
import { climbingImports, importCircles, strayExpressions } from './rooms.ts';
import { importsOf, ourImports, pages, product, ROOT, read, sources, tracked } from './sources.ts';

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** All but the checks' own words, and the made-up sources that break them. */
const citing = [...sources, ...pages].filter(
  ({ path }) => !/^test\/house\/(citations|house\.test|checks\.test)\.ts$/.test(path),
);

describe('imports', () => {
  it('point down only', () => {
    expect(climbingImports(product)).toEqual([]);
  });

  it('go in no circle, those of types included', () => {
    expect(importCircles(product)).toEqual([]);
  });

  it('of the protocol name no package: it is plain code', () => {
    const protocol = product.filter(({ path }) => path.startsWith('lib/protocol/'));
    expect(protocol.flatMap(({ text }) => importsOf(text).filter((name) => !name.startsWith('.')))).toEqual([]);
  });

  it('of what runs outside of tests never reach the local cloud, whose packages are for development, nor the kit', () => {
    const { files } = JSON.parse(read('tsconfig.build.json')) as { files: string[] };
    expect(files).toContain('lib/testing/index.ts');
    const shipped = new Set([
      ...files.filter((path) => !/^lib\/(local|testing)\//.test(path)),
      ...product.map(({ path }) => path).filter((path) => path.startsWith('functions/')),
    ]);
    // A set goes on to what is added while it is gone through.
    for (const path of shipped) {
      const source = product.find((one) => one.path === path);
      for (const target of source === undefined ? [] : ourImports(source)) shipped.add(target);
    }
    // What the command `local` has: it starts the rest from where it lies in the package.
    const doors = ['lib/local/running-file.ts', 'lib/testing/local-cloud.ts', 'lib/testing/running-cloud.ts'];
    const reached = [...shipped].filter((path) => /^lib\/(local|testing)\//.test(path));
    expect(reached.filter((path) => !doors.includes(path))).toEqual([]);
    expect(shipped.size).toBeGreaterThan(50);
  });

  it('reach every file', () => {
    const imported = new Set(sources.flatMap(ourImports));
    const run = [
      'package.json',
      'cdk.json',
      'bin/build.ts',
      'tsconfig.build.json',
      'lib/infra/bundle.ts',
      'lib/local/lambda/execution-environment.ts',
      'test/support/global-setup.ts',
    ]
      .map(read)
      .join();
    const isReached = (path: string) =>
      imported.has(path) ||
      path.startsWith('functions/') ||
      path.endsWith('.d.ts') ||
      run.includes(path.split('/').slice(-1).join());
    expect(product.map(({ path }) => path).filter((path) => !isReached(path))).toEqual([]);
  });
});

describe('files', () => {
  it('are named for what they are', () => {
    expect(tracked.filter((path) => path.endsWith('.ts') && /util|helper|manager|common|misc/i.test(path))).toEqual([]);
  });

  it('of the product fit a sitting: 300 lines', () => {
    const long = product.map(({ path, text }) => ({ path, lines: text.split('\n').length }));
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });
});

it('time, chance, environment and output come in from outside', () => {
  expect(bannedWords(product)).toEqual([]);
});

it('only lib/dynamodb speaks to DynamoDB', () => {
  expect(strayExpressions(product)).toEqual([]);
});

it('citations of the design have one form, and find their place', () => {
  expect(brokenCitations(read(DESIGN), citing)).toEqual([]);
});

it('commands run on the Node.js that npm has installed here', () => {
  expect(bareCommands(citing)).toEqual([]);
});

it('commands choose objects by name or by stack', () => {
  expect(doubleChoices(citing.filter(({ path }) => path.endsWith('.md')))).toEqual([]);
});

it('nothing is left for later without an issue', () => {
  const marks = new RegExp(['TO', 'DO|FIX', 'ME'].join(''));
  expect(sources.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
});

describe('docs/api.md', () => {
  const namesOf = (path: string) => exportsOf(path, sources).map(({ name }) => name);
  const doors = read('docs/api.md').split(/^## `deallocator/m);
  it('explains every error code', () => {
    const codes = [...read('lib/protocol/errors.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code as string);
    expect(codes).toHaveLength(6);
    expect(codes.filter((code) => !read('docs/api.md').includes(`| \`${code}\` |`))).toEqual([]);
  });

  const DOORS = [
    ['`', 'lib/client/index.ts'],
    ['/infra`', 'lib/infra/index.ts'],
    ['/operate`', 'lib/operate/index.ts'],
    ['/testing`', 'lib/testing/index.ts'],
  ] as const;

  it.each(DOORS)('tells of deallocator%s exactly what %s exports', (door, path) => {
    const page = doors.find((section) => section.startsWith(door)) ?? '';
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const told = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(told.sort()).toEqual(namesOf(path).sort());
  });

  it.each(DOORS)(
    'does not have to tell what a property of deallocator%s is: all that %s exports has docstrings',
    (_, path) => {
      expect(undocumented(path, sources)).toEqual([]);
    },
  );
});

describe('the README', () => {
  const readme = read('README.md');

  it('names only commands that exist', () => {
    expect(unknownScripts([{ path: 'README.md', text: readme }], scripts)).toEqual([]);
  });

  it('is no longer than a reader stays', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(150);
  });
});

describe('docs', () => {
  it.each(['CONTRIBUTING.md', 'docs/design.md'])('%s names only places that exist', (page) => {
    const named = [...read(page).matchAll(/`((?:lib|bin|test|functions|docs)\/[\w./-]+)`/g)].map(
      ([, place]) => place as string,
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
  });
});
