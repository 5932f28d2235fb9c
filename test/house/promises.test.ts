/** The table of test/README.md says which tests hold which promise; here the table is held to the tests. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const TEST = join(ROOT, 'test');
const readme = readFileSync(join(TEST, 'README.md'), 'utf8');

const testFiles = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'test'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.test.ts') && existsSync(join(ROOT, path)))
  .map((path) => path.slice('test/'.length));

/** Promises that a name begins with: `S1 …`, `S1 S3 …`, `S1–S6, L2: …`. Stories in a table say them in their `name`. */
const NAMES = /(?:\b(?:it|test|describe)\b[^'"`\n]*\(\s*|\bname: |^\s*\[)['"`]((?:[SL]\d(?:–[SL]\d)?[ ,:]+)+)/gm;

function promisesOf(text: string): Set<string> {
  const heads = [...text.matchAll(NAMES)].flatMap(([, head]) => head?.match(/[SL]\d(?:–[SL]\d)?/g) ?? []);
  return new Set(heads.flatMap(expand));
}

/** `S1–S3` is S1, S2 and S3. */
function expand(range: string): string[] {
  const [first = 0, last = first] = range.match(/\d/g)?.map(Number) ?? [];
  return Array.from({ length: last - first + 1 }, (_, n) => `${range[0]}${first + n}`);
}

/** The table's rows: `| **S1** | what it says | [files](…) |`. */
const rows = new Map(
  [...readme.matchAll(/^\| \*\*([SL]\d)\*\* \|(.*)$/gm)].map(([, promise = '', row = '']) => [
    promise,
    [...row.matchAll(/\]\(([^)]+\.test\.ts)\)/g)].map(([, link]) => link as string).sort(),
  ]),
);

describe('test/README.md', () => {
  it('has a row for each promise of docs/design.md §5, and each has tests', () => {
    const source = readFileSync(join(ROOT, 'lib/protocol/violations.ts'), 'utf8');
    const declared = /export type Promised =([^;]+);/.exec(source)?.[1]?.match(/[SL]\d/g) ?? [];
    expect([...rows.keys()].sort()).toEqual(declared.sort());
    for (const [promise, files] of rows) expect(files.length, promise).toBeGreaterThan(0);
  });

  it('names for each promise the files whose tests begin with it, and no others', () => {
    const found = new Map([...rows.keys()].map((promise) => [promise, [] as string[]]));
    for (const file of testFiles) {
      for (const promise of promisesOf(readFileSync(join(TEST, file), 'utf8'))) found.get(promise)?.push(file);
    }
    expect(Object.fromEntries([...found].map(([promise, files]) => [promise, files.sort()]))).toEqual(
      Object.fromEntries(rows),
    );
  });

  it('names only files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link as string);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !existsSync(join(TEST, link)))).toEqual([]);
  });

  it('says of every folder of tests what it proves', () => {
    const folders = new Set(testFiles.map(dirname));
    expect([...folders].filter((folder) => !readme.includes(`| [${folder}](${folder}) |`))).toEqual([]);
  });

  it('names for every bug that was found a test that is there', () => {
    const bugs = /## Bugs[\s\S]*?(?=\n## |$)/.exec(readme)?.[0] ?? '';
    const tests = [...bugs.matchAll(/\[`([^`]+)`\]\(([^)]+)\)/g)];
    expect(tests.length).toBeGreaterThan(5);
    for (const [, name = '', file = ''] of tests) {
      expect(readFileSync(join(TEST, file), 'utf8').includes(name), `${file}: ${name}`).toBe(true);
    }
  });
});
