/** The house checks itself: each message says where, what, and what to use instead. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.ts') && existsSync(join(ROOT, path)));
const sources = tracked.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const product = sources.filter(({ path }) => !path.startsWith('test/') && path !== 'vitest.config.ts');

/** Which of our folders a folder may import from, itself aside. Packages and `node:` are no business of this table. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'lib/protocol': [],
  'lib/dynamodb': ['lib/protocol'],
  'lib/streams': ['lib/dynamodb', 'lib/protocol'],
  'lib/client': ['lib/dynamodb', 'lib/protocol'],
  'lib/operate': ['lib/client', 'lib/streams', 'lib/dynamodb', 'lib/protocol'],
  'lib/infra': [
    'lib/dynamodb/schema.ts',
    'lib/protocol/limits.ts',
    'lib/protocol/rules.ts',
    'lib/streams/deployment.ts',
    'lib/streams/functions.ts',
    'lib/streams/metrics.ts',
  ],
  'lib/local': [],
  functions: ['lib/streams'],
  bin: [
    'lib/client',
    'lib/dynamodb',
    'lib/infra',
    'lib/local',
    'lib/operate',
    'lib/protocol',
    'lib/streams',
    'package.json',
  ],
};

const folderOf = (path: string) => Object.keys(MAY_IMPORT).find((folder) => path.startsWith(`${folder}/`));
const importsOf = (text: string) =>
  [...text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)].map(([, a, b]) => (a ?? b) as string);

const ourImports = ({ path, text }: { path: string; text: string }) =>
  importsOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(path), name)));

describe('imports', () => {
  it('point down only', () => {
    const wrong = product.flatMap((source) => {
      const folder = folderOf(source.path);
      if (folder === undefined)
        return [`${source.path}: no folder of the house; add it to MAY_IMPORT with what it may import`];
      const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])];
      return ourImports(source)
        .filter((target) => !allowed.some((place) => target === place || target.startsWith(`${place}/`)))
        .map((target) => `${source.path} imports ${target}; ${folder} may import ${allowed.join(', ')}`);
    });
    expect(wrong).toEqual([]);
  });

  it('of the protocol name no package: it is plain code', () => {
    const protocol = product.filter(({ path }) => path.startsWith('lib/protocol/'));
    expect(protocol.flatMap(({ text }) => importsOf(text).filter((name) => !name.startsWith('.')))).toEqual([]);
  });

  it('of what is shipped never reach the local cloud, whose packages are for development', () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as { files: string[] };
    const shipped = new Set([
      ...files,
      ...product.map(({ path }) => path).filter((path) => path.startsWith('functions/')),
    ]);
    // A set goes on to what is added while it is gone through.
    for (const path of shipped) {
      const source = product.find((one) => one.path === path);
      for (const target of source === undefined ? [] : ourImports(source)) shipped.add(target);
    }
    expect([...shipped].filter((path) => path.startsWith('lib/local/'))).toEqual([]);
    expect(shipped.size).toBeGreaterThan(50);
  });

  it('reach every file', () => {
    const imported = new Set(sources.flatMap(ourImports));
    const run = [
      'package.json',
      'cdk.json',
      'tsconfig.build.json',
      'lib/infra/bundle.ts',
      'lib/local/lambda/execution-environment.ts',
      'test/support/global-setup.ts',
    ]
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
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
    expect(tracked.filter((path) => /util|helper|manager|common|misc/i.test(path))).toEqual([]);
  });

  it('of the product fit a sitting: 300 lines', () => {
    const long = product.map(({ path, text }) => ({ path, lines: text.split('\n').length }));
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });
});

/** What the core may not say, and what to use instead; `except` names the files that own it. */
const BANS = [
  { ban: /\bDate\.now\(|new Date\(\)/, use: 'Chance.nowEpochMillis', except: ['lib/dynamodb/system-chance.ts'] },
  {
    ban: /Math\.random\(|randomUUID\(/,
    use: 'Chance.fraction or Chance.fresh',
    except: ['lib/dynamodb/system-chance.ts'],
  },
  { ban: /setTimeout\(|setInterval\(/, use: 'Chance.pause', except: [] },
  { ban: /process\.env/, use: 'an argument', except: [] },
  { ban: /console\.|process\.stdout/, use: 'Telemetry, or return data', except: ['lib/streams/ports.ts'] },
  { ban: /[:<|] ?any\b/, use: 'unknown', except: [] },
];

it('time, chance, environment and output come in from outside', () => {
  const core = product.filter(({ path }) => /^lib\/(protocol|dynamodb|streams|client|operate)\//.test(path));
  const wrong = core.flatMap(({ path, text }) => {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    return BANS.filter(({ ban, except }) => !except.includes(path) && ban.test(code)).map(
      ({ ban, use }) => `${path}: ${ban}, use ${use}`,
    );
  });
  expect(wrong).toEqual([]);
});

it('nothing is left for later without an issue', () => {
  const marks = new RegExp(['TO', 'DO|FIX', 'ME'].join(''));
  expect(sources.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
});

describe('docs/api.md', () => {
  const pages = readFileSync(join(ROOT, 'docs', 'api.md'), 'utf8').split(/^## `deallocator/m);
  const textOf = (path: string) => sources.find((source) => source.path === path)?.text ?? '';
  /** The names that a door gives out; of a whole file, all that this file exports. */
  const exportsOf = (path: string): string[] => {
    const text = textOf(path);
    const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) => names.split(','));
    const whole = [...text.matchAll(/^export type \* from '\.\/([^']+)'/gm)].flatMap(([, file]) =>
      [...textOf(join(dirname(path), file as string)).matchAll(/^export (?:interface|type) (\w+)/gm)].map(
        ([, name]) => name as string,
      ),
    );
    return [...listed, ...whole].map((name) => name.replace(/^\s*type /, '').trim()).filter(Boolean);
  };

  it.each([
    ['`', 'lib/client/index.ts'],
    ['/infra`', 'lib/infra/index.ts'],
    ['/operate`', 'lib/operate/index.ts'],
  ])('tells of deallocator%s exactly what %s exports', (door, path) => {
    const page = pages.find((section) => section.startsWith(door)) ?? '';
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const told = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(told.sort()).toEqual(exportsOf(path).sort());
  });
});

describe('the README', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  it('names only commands that exist', () => {
    const named = [...readme.matchAll(/(?:`|&& |^)npm (?:run )?(?:--silent )?([a-z]+)/gm)].map(
      ([, command]) => command as string,
    );
    const builtIn = ['ci', 'install', 'pack'];
    expect(named.filter((command) => !(command in scripts) && !builtIn.includes(command))).toEqual([]);
  });

  it('explains every error code', () => {
    const { text } = sources.find(({ path }) => path === 'lib/protocol/errors.ts') ?? { text: '' };
    const codes = [...text.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code as string);
    expect(codes).toHaveLength(6);
    expect(codes.filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
  });

  it('names only files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(() => readFileSync(join(ROOT, link)), link).not.toThrow();
  });
});

describe('docs', () => {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const pages = [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    ...inDocs.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`),
  ];
  const anchorsOf = (page: string) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\d _-]/gu, '')
        .replaceAll(' ', '-'),
    );

  it.each(pages)('%s names only files and sections that exist', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#:]*)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const [link, file = '', anchor] of links) {
      const target = file === '' ? page : normalize(join(dirname(page), file));
      expect(existsSync(join(ROOT, target)), link).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor);
    }
  });
});
