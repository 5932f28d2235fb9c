/**
 * An empty project becomes a client that runs and an app that synthesizes, by the words of the README alone: with the oldest packages
 * that the ranges allow and with the newest, as ES modules and as CommonJS, on each Node.js. Asks the npm registry.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ASSEMBLY_DIRECTORY, readNames, STACK_NAME } from '../../bin/synthesize.ts';
import { DeallocatorClient } from '../../lib/client/client.ts';
import { type LocalCloud, startLocalCloud } from '../../lib/local/local-cloud.ts';
import { root } from './world.ts';

const run = promisify(execFile);
const { peerDependencies, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>;
  files: string[];
};
const oldest = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range.replace('^', '')}`);
// The newest that the range allows: npm refuses a project whose peer is past its range.
const newest = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range}`);
const NODE_VERSIONS = ['20.19', '22', '24'] as const;
/** What its install script would fetch, without running a script. */
const nodePackage = `node-${process.platform}-${process.arch}`;

/** The kit for tests: in memory, under dice, and in a local cloud where that Node.js can run one. */
const kitScript = (load: 'import' | 'require') => `(async () => {
  const { checkWriters, inMemory, startLocalCloud } = await ${load}('deallocator/testing');
  const { client, drain } = await inMemory();
  await client.createService({ id: 'web' });
  await client.removeService('web');
  console.log((await drain()).deleted.join());
  const begin = (tools) => tools.client.createService({ id: 'web' });
  const writers = { removes: (tools) => tools.client.removeService('web') };
  console.log((await checkWriters({ begin, writers, schedules: 5 })).deletions);
  const cloud = await startLocalCloud({ clockRate: 20 }).catch(({ message }) => void console.log(message));
  if (cloud === undefined) return;
  await begin(cloud);
  await cloud.client.removeService('web');
  await cloud.quiesce();
  console.log(await cloud.client.getService('web').catch(({ code }) => code));
  await cloud.stop();
})().then(() => process.exit())`;
/** Node.js 20 has no hooks for what the local cloud loads. */
const TOO_OLD = /^service\/web\n5\nthe local cloud needs Node\.js 22\.15 or newer, and this is 20\./;
const AT_WORK = /^service\/web\n5\nNotFound\n$/;

const PROJECTS = [
  // The oldest TypeScript, and the resolution that it has by default for CommonJS.
  {
    kind: 'CommonJS with the oldest of all',
    type: 'commonjs',
    peers: oldest,
    typescript: '5.0',
    options: ['--module', 'commonjs', '--moduleResolution', 'node10'],
  },
  {
    kind: 'ES modules with the newest of all',
    type: 'module',
    peers: newest,
    typescript: '5.9',
    options: ['--module', 'nodenext'],
  },
] as const;

const scratch = mkdtempSync(join(tmpdir(), 'adoption-'));
const tarball = join(scratch, 'deallocator.tgz');
let cloud: LocalCloud;

/** The README's block of code that begins with a comment of this name. */
function readmeCode(file: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string);
  const found = blocks.find((code) => code.startsWith(`// ${file}`));
  if (found === undefined) throw new Error(`the README has no code for ${file}`);
  return found;
}

async function npm(folder: string, ...args: string[]): Promise<void> {
  await run('npm', [...args, '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder });
}

beforeAll(async () => {
  const home = join(scratch, 'home');
  const sources = [
    'bin',
    'functions',
    'lib',
    'package.json',
    'cdk.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
  ];
  for (const source of [...sources, ...files.filter((file) => file === 'docs')]) {
    cpSync(join(root, source), join(home, source), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  await run(process.execPath, [join('bin', 'build.ts')], { cwd: home });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: home });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  cpSync(join(home, filename), tarball);
  cloud = await startLocalCloud({
    assemblyDirectory: ASSEMBLY_DIRECTORY,
    stackName: STACK_NAME,
    engine: { port: inject('enginePort') },
    databaseId: `adoption${randomUUID().replaceAll('-', '')}`,
    clockRate: 20,
    schedules: false,
    log: () => {},
  });
  await cloud.invoke(cloud.outputs.SweepFunctionName as string, { trigger: 'deployment' });
});

afterAll(async () => {
  await cloud?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** What `npm run local` prints. */
function line(): string {
  const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
  return JSON.stringify({ endpoint, region, accessKeyId, secretAccessKey, ...readNames(outputs) });
}

/** Runs the README's handler on a given Node.js, and sees its service and its network go. */
async function runHandler(folder: string, node: string): Promise<void> {
  const script = "import('./api.js').then((api) => (api.handler ?? api.default.handler)()).then(() => process.exit());";
  const env = { ...process.env, DEALLOCATOR_CONFIG: line() };
  await run(node, ['--eval', script], { cwd: folder, env });
  await cloud.quiesce();
  const client = DeallocatorClient.fromEnvironment({ environment: env });
  const left = await Promise.all([client.listServices(), client.listNetworks()]);
  expect(left.flatMap(({ items }) => items)).toEqual([]);
}

describe.each(PROJECTS)('an empty project of $kind', { timeout: 600_000 }, ({ type, peers, typescript, options }) => {
  const folder = join(scratch, type);

  it('installs', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type }));
    await npm(folder, 'install', tarball, ...peers);
    const tools = ['esbuild', `typescript@${typescript}`, '@types/node@20'];
    await run('npm', ['install', '--save-dev', '--no-audit', '--no-fund', ...tools], { cwd: folder });
    const { name } = JSON.parse(readFileSync(join(folder, 'node_modules', 'deallocator', 'package.json'), 'utf8'));
    expect(name).toBe('deallocator');
  });

  it('compiles the README’s function and app, and knows every door’s types', async () => {
    for (const file of ['api.ts', 'app.ts']) writeFileSync(join(folder, file), readmeCode(file));
    writeFileSync(
      join(folder, 'given.ts'),
      `import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeallocatorClient } from 'deallocator';
import { readStatus } from 'deallocator/operate';
import { inMemory } from 'deallocator/testing';
const tables = { services: 's', tasks: 't', networks: 'n', attachments: 'a', counters: 'c', receipts: 'r' };
export const client = new DeallocatorClient({ tables, client: new DynamoDBClient({ maxAttempts: 1 }) });
// @ts-expect-error the types are really there
export const refused = new DeallocatorClient({ tables: 1 });
export { inMemory, readStatus };
`,
    );
    const always = ['--strict', '--target', 'es2022', '--skipLibCheck', '--types', 'node'];
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    const compiled = run(process.execPath, [tsc, ...always, ...options, 'api.ts', 'app.ts', 'given.ts'], {
      cwd: folder,
    });
    await expect(compiled.catch(({ stdout }) => ({ stdout }))).resolves.toMatchObject({ stdout: '' });
  });

  it('synthesizes its app, with the function wired by connect', async () => {
    await run(process.execPath, ['app.js'], { cwd: folder, env: { ...process.env, CDK_OUTDIR: 'cdk.out' } });
    const template = readFileSync(join(folder, 'cdk.out', 'Shop.template.json'), 'utf8');
    const { Resources, Outputs } = JSON.parse(template) as {
      Resources: Record<string, { Properties?: { Environment?: { Variables?: Record<string, unknown> } } }>;
      Outputs: Record<string, unknown>;
    };
    const [api] = Object.entries(Resources).filter(([id]) => /^Api[0-9A-F]{8}$/.test(id));
    expect(api?.[1].Properties?.Environment?.Variables).toHaveProperty('DEALLOCATOR_CONFIG');
    expect(Outputs).toHaveProperty('DeallocatorServicesTableName');
    expect(template).toContain('dynamodb:ConditionCheckItem');
  });

  it('runs the README’s function, and what it marks goes', async () => {
    await runHandler(folder, process.execPath);
  });
});

describe.each(NODE_VERSIONS)('on Node.js %s', { timeout: 600_000 }, (version) => {
  it('client and kit work in both module systems, all doors open, and the command starts', async () => {
    const tools = join(scratch, `node-${version}`);
    mkdirSync(tools);
    writeFileSync(join(tools, 'package.json'), '{ "private": true }');
    await npm(tools, 'install', `${nodePackage}@${version}`);
    const node = join(tools, 'node_modules', nodePackage, 'bin', 'node');
    const { stdout } = await run(node, ['--version']);
    expect(stdout.startsWith(`v${version}.`)).toBe(true);
    for (const { type } of PROJECTS) {
      const folder = join(scratch, type);
      await runHandler(folder, node);
      const doors = ['', '/infra', '/operate', '/testing'];
      const load = type === 'module' ? 'import' : 'require';
      const opened = doors.map((door) => `${load}('deallocator${door}')`);
      await run(node, ['--eval', `Promise.all([${opened.join(', ')}]).then(() => process.exit())`], { cwd: folder });
      const told = await run(node, ['--no-warnings', '--eval', kitScript(load)], { cwd: folder });
      expect(told.stdout).toMatch(version === '20.19' ? TOO_OLD : AT_WORK);
    }
    const command = join(scratch, 'module', 'node_modules', 'deallocator', 'dist', 'command', 'deallocator.js');
    await expect(run(node, [command, '--version'])).resolves.toMatchObject({ stdout: '0.1.0\n' });
  });
});

it('a node_modules in which each package finds only what it names is enough', { timeout: 600_000 }, async () => {
  const folder = join(scratch, 'strict');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  await npm(folder, 'install', '--install-strategy=linked', tarball);
  const doors = ['', '/operate', '/testing'].map((door) => `require('deallocator${door}')`);
  await run(process.execPath, ['--eval', `${doors.join(';')}; process.exit()`], { cwd: folder });
  await expect(run('npx', ['deallocator', '--version'], { cwd: folder })).resolves.toMatchObject({ stdout: '0.1.0\n' });
});
