/** The command `lifecycle`: what a declaration causes, or all that is wrong with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cellsOf } from '../../bin/cli/terminal.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { call } from '../support/command-line.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'deallocator-lifecycle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const cli = (...args: string[]) => call(['lifecycle', ...args], { directory: folder });
const json = async (...args: string[]) => {
  const { status, stdout } = await cli(...args, '--json');
  return { status, document: JSON.parse(stdout) };
};

it('has the declaration and its plan as data, of SwarmKit’s kinds without a file', async () => {
  const asData = (value: unknown) => JSON.parse(JSON.stringify(value));
  expect(await json()).toEqual({ status: 0, document: asData({ lifecycle: SWARMKIT, plan: planOf(SWARMKIT) }) });
  const example = await json(join(ROOT, 'bin', 'examples', 'sandbox.ts'));
  expect(example).toEqual({ status: 0, document: asData({ lifecycle: SANDBOX, plan: planOf(SANDBOX) }) });
});

it('says for each kind how it goes, what it takes along, what it brings, and what its writers must do', async () => {
  const { status, stdout } = await cli(join(ROOT, 'bin', 'examples', 'sandbox.ts'));
  expect(status).toBe(0);
  const [blueprint = '', template = '', lease = '', tables = '', functions = ''] = stdout.split('\n\n');
  expect(blueprint).toContain("Can't be marked while lease templates that are not marked depend on it.");
  expect(blueprint).toContain('If its table is there before, it is not locked against other deletes');
  expect(template).toContain('nothing is left of the leases that hold it (a query on attachments)');
  expect(template).toContain('Takes marked blueprints along that nothing else holds.');
  expect(template).toContain("Can't be marked while leases depend on it.");
  expect(template).toContain('If leases are there before the deallocator is, their attachments come first.');
  expect(lease).toContain('Its users delete it: nothing depends on it.');
  expect(lease).toContain(
    'Counts as gone when status is Expired, BudgetExceeded, ManuallyTerminated, or AccountQuarantined',
  );
  expect(lease).toContain(
    'its lease template is there and not marked, and puts an attachment for each thing that it holds',
  );
  expect(tables).toMatch(/^leaseTemplates +uuid +both images +uuid, markedAt +the deallocator, in transactions$/m);
  expect(functions).toMatch(/^lease-updated +writes of leases +leases +GetItem, BatchGetItem, ConditionCheckItem$/m);
});

it.each([60, 80, 120])('fits into %d columns', async (width) => {
  const file = join(ROOT, 'bin', 'examples', 'sandbox.ts');
  const { stdout } = await call(['lifecycle', file], { directory: folder, columns: width });
  for (const line of stdout.split('\n')) expect(cellsOf(line), line).toBeLessThanOrEqual(width);
});

it('names the query on what lies under a key, and what it is told', async () => {
  const { stdout } = await cli(join(ROOT, 'bin', 'examples', 'chatbot.ts'));
  expect(stdout).toContain('its documents (a query on documents: workspace_id = ${workspace})');
  expect(stdout).toContain('Once it is marked, its documents get wanted = "removed", for the program that runs them.');
  expect(stdout).toMatch(/^document-deleted +removals of documents /m);
});

it('names all refusals of a file, of JSON or a module, and ends with 1', async () => {
  const refused = { kinds: { a: { table: 'as', key: { id: '${a}${b}' } }, B: { table: 'bs', key: { id: '${b}' } } } };
  write('refused.json', JSON.stringify(refused));
  write(
    'refused.mjs',
    `import { defineLifecycle } from ${JSON.stringify(join(ROOT, 'lib', 'lifecycle', 'define.ts'))};
export const KINDS = defineLifecycle(${JSON.stringify(refused)});`,
  );
  for (const file of ['refused.json', 'refused.mjs']) {
    const { status, stdout, stderr } = await cli(file);
    expect({ status, stderr }, file).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(
      /^Refused, for 2 reasons:\n- kind a has key\.id .*\[template\]\n- kind B has a name that is none: .*\[name\]\n$/,
    );
    const { document, status: same } = await json(file);
    expect(same).toBe(1);
    expect(document.refusals.map(({ kind, code }: { kind: string; code: string }) => [kind, code])).toEqual([
      ['a', 'template'],
      ['B', 'name'],
    ]);
  }
});

it('asks which one where a file exports several, and says what it needs', async () => {
  const one = (kind: string) =>
    `export const ${kind.toUpperCase()} = { kinds: { ${kind}: { table: '${kind}s', key: { id: '\${${kind}}' } } } };\n`;
  write('two.mjs', `${one('a')}${one('b')}export const other = 1;`);
  write('none.mjs', 'export const other = 1;');
  write('broken.json', '{');
  write('broken.mjs', 'export {');
  expect((await cli('two.mjs')).stderr).toContain(
    'two.mjs exports several lifecycles; choose one with --export: A, B [InvalidArgument]',
  );
  expect((await json('two.mjs', '--export', 'B')).document.lifecycle.kinds).toHaveProperty('b');
  expect((await cli('two.mjs', '--export', 'C')).stderr).toContain(
    'exports no lifecycle C; choose one with --export: A, B',
  );
  expect((await cli('none.mjs')).stderr).toContain('exports no lifecycle; export one: export const KINDS');
  expect((await cli('broken.json')).stderr).toContain('broken.json is no JSON: ');
  expect((await cli('broken.mjs')).stderr).toContain("broken.mjs can't be loaded: ");
  expect((await cli('absent.mjs')).stderr).toContain("absent.mjs can't be read: ");
});
