/** `npm run build`: the functions' code, the package's doors and its command, in dist. With --functions: only the first. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { bundleFunctions } from '../lib/infra/bundle.ts';
import { packAssembly } from './packed-assembly.ts';

/** What the package exports. tsconfig.build.json and package.json name the same files. */
const DOORS = ['lib/client/index.ts', 'lib/infra/index.ts', 'lib/operate/index.ts', 'lib/testing/index.ts'];

/** What the page of `deallocator ui` loads beside our own files. */
const MORPHDOM = 'node_modules/morphdom';

const root = dirname(import.meta.dirname);
const esm = join(root, 'dist', 'esm');
const cjs = join(root, 'dist', 'cjs');
const command = join(root, 'dist', 'command');

/**
 * One module for each source file, and the types. tsc leaves an older build's files where they are, so they go first.
 * tsconfig.build.json names the library of Node.js 20, so that nothing shipped asks for more.
 */
async function buildEsm(): Promise<void> {
  await rm(esm, { recursive: true, force: true });
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('tsc refused the sources, see above; correct them and run "npm run build" again');
}

/** One module for each door. The types are the same files; the package.json here makes TypeScript read them as CommonJS. */
async function buildCjs(): Promise<void> {
  await rm(cjs, { recursive: true, force: true });
  // No program requires the command.
  const bin = join(esm, 'bin');
  await cp(esm, cjs, { recursive: true, filter: (path) => !path.endsWith('.js') && path !== bin });
  await writeFile(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
  await build({
    absWorkingDir: root,
    entryPoints: DOORS,
    outdir: cjs,
    outbase: '.',
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'es2023',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    sourcemap: false,
    logLevel: 'warning',
  });
}

/**
 * The command with all that it needs, in a few files: half a second of each call went to finding and reading a thousand modules. What
 * only some commands need is a file of its own, and loaded by them alone.
 */
async function buildCommand(): Promise<void> {
  await rm(command, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['bin/deallocator.ts', 'bin/break-glass.ts'],
    outdir: command,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    mainFields: ['module', 'main'],
    // 0.8 MB that compress no further, and only pictures need them: npm installs the package beside this one.
    external: ['@hpcc-js/wasm-graphviz'],
    // CommonJS packages within ask for Node.js' own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  await cp(join(root, 'bin/ui/page'), join(command, 'page'), { recursive: true });
  await cp(join(root, MORPHDOM, 'dist/morphdom-umd.min.js'), join(command, 'page/morphdom-umd.min.js'));
  await writeFile(join(command, 'LICENSES.txt'), licensesOf([...Object.keys(metafile.inputs), MORPHDOM]));
}

/** What the licenses of the packages within ask for: their texts. */
function licensesOf(inputs: readonly string[]): string {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const packages = new Map<string, string[]>();
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `License: ${license}` : readFileSync(join(root, folder, file), 'utf8').trim();
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version}`]);
  }
  return [...packages].map(([text, names]) => `${names.join(', ')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

const { values: options } = parseArgs({ options: { functions: { type: 'boolean', default: false } } });

for (const { name, codeBytes } of await bundleFunctions(root)) {
  console.log(`${name.padEnd(20)}${(codeBytes / 1024).toFixed(0).padStart(6)} KB`);
}
if (!options.functions) {
  await buildEsm();
  await buildCjs();
  await buildCommand();
  packAssembly(root);
}
