/** `npm run build`: the functions' code, the package's doors and its command, in dist. With --functions: only the first. */
import { spawnSync } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { bundleFunctions } from '../lib/infra/bundle.ts';

/** What the package exports. tsconfig.build.json and package.json name the same files. */
const DOORS = ['lib/client/index.ts', 'lib/infra/index.ts', 'lib/operate/index.ts'];

const root = dirname(import.meta.dirname);
const esm = join(root, 'dist', 'esm');
const cjs = join(root, 'dist', 'cjs');

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
  const command = join(esm, 'bin');
  await cp(esm, cjs, { recursive: true, filter: (path) => !path.endsWith('.js') && path !== command });
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
    define: { 'import.meta.dirname': '__dirname' },
    sourcemap: false,
    logLevel: 'warning',
  });
}

const { values: options } = parseArgs({ options: { functions: { type: 'boolean', default: false } } });

for (const { name, codeBytes } of await bundleFunctions(root)) {
  console.log(`${name.padEnd(20)}${(codeBytes / 1024).toFixed(0).padStart(6)} KB`);
}
if (!options.functions) {
  await buildEsm();
  await buildCjs();
}
