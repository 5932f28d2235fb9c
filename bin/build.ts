/** `npm run build`: the functions' code, the package's doors and its command, in dist. With --functions: only the first. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, transform } from 'esbuild';
import { bundleFunctions } from '../lib/infra/bundle.ts';
import { packAssembly } from './packed-assembly.ts';

/** What the package exports. tsconfig.build.json and package.json name the same files. */
const DOORS = ['lib/client/index.ts', 'lib/infra/index.ts', 'lib/operate/index.ts', 'lib/testing/index.ts'];

/** Names stay, for stack traces, and no line is long: Node.js shows the whole line of an error that nobody caught. */
const TIGHT = {
  target: 'es2023',
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 400,
  logLevel: 'warning',
} as const satisfies BuildOptions;

const root = dirname(import.meta.dirname);
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** What the page of `deallocator ui` loads beside our own files. Dependencies may lie further up than this package. */
const morphdom = dirname(createRequire(import.meta.url).resolve('morphdom/package.json'));
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
  await tighten(esm);
}

/** Without comments, which are for who reads the sources: a third of what tsc makes. The types keep theirs. */
async function tighten(folder: string): Promise<void> {
  const entryPoints = filesIn(folder, '.js');
  await build({ ...TIGHT, absWorkingDir: folder, entryPoints, outdir: folder, allowOverwrite: true });
}

/**
 * The types of both kinds of module, once: those of the CommonJS doors, which the ES doors pass on. TypeScript lets an ES module
 * import CommonJS, and not the other way round. Without the types that no door leads to: nobody could import them.
 */
function moveTypes(): void {
  const reached = new Set(DOORS.map(typesOf));
  // A set goes on to what is added while it is gone through.
  for (const file of reached) {
    const text = readFileSync(join(esm, file), 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.[jt]s['"]/g)) {
      reached.add(join(dirname(file), `${path}.d.ts`));
    }
    mkdirSync(join(cjs, dirname(file)), { recursive: true });
    writeFileSync(join(cjs, file), text);
  }
  for (const file of filesIn(esm, '.d.ts')) rmSync(join(esm, file));
  for (const door of DOORS) {
    const target = join(cjs, door.replace(/ts$/, 'js'));
    writeFileSync(join(esm, typesOf(door)), `export * from '${relative(join(esm, dirname(door)), target)}';\n`);
  }
}

/**
 * Two doors are one module for both: what builds stacks and what operators' programs call is never bundled into a function, so it need
 * not be shaken, and a second copy would be a tenth of the package. ES modules read what CommonJS exports by its names.
 */
const SHARED_DOORS = ['lib/infra/index.ts', 'lib/operate/index.ts'];

/** The local cloud starts files of its own by where they are, so that no import leads there. */
const STARTED = ['lib/local/', 'lib/testing/'];

function shareDoors(): void {
  for (const door of SHARED_DOORS) {
    const file = door.replace(/ts$/, 'js');
    const names = exportedBy(readFileSync(join(esm, file), 'utf8'));
    const target = relative(join(esm, dirname(file)), join(cjs, file));
    writeFileSync(join(esm, file), `export { ${names.join(', ')} } from '${target}';\n`);
  }
  const all = filesIn(esm, '.js').filter((file) => file.startsWith('lib/'));
  const doors = DOORS.map((door) => door.replace(/ts$/, 'js'));
  const reached = new Set(all.filter((file) => doors.includes(file) || STARTED.some((room) => file.startsWith(room))));
  // A set goes on to what is added while it is gone through.
  for (const file of reached) {
    const text = readFileSync(join(esm, file), 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?["'](\.[^"']+)["']/g)) {
      const other = join(dirname(file), path);
      if (all.includes(other)) reached.add(other);
    }
  }
  for (const file of all) if (!reached.has(file)) rmSync(join(esm, file));
}

/** The names of `export { a, b as c } from …`, which is all that a door has. */
function exportedBy(text: string): string[] {
  const lists = [...text.matchAll(/export\s*\{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','));
  return lists
    .map(
      (one) =>
        one
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? '',
    )
    .filter(Boolean);
}

const typesOf = (source: string) => source.replace(/ts$/, 'd.ts');

function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(extension));
}

/**
 * One module for each door, and what doors share in modules of its own: esbuild splits ES modules alone, so these are made first.
 * The package.json here makes Node.js and TypeScript read them, and the types, as CommonJS.
 */
async function buildCjs(): Promise<void> {
  await rm(cjs, { recursive: true, force: true });
  const { outputFiles } = await build({
    ...TIGHT,
    absWorkingDir: root,
    entryPoints: DOORS,
    outdir: cjs,
    outbase: '.',
    write: false,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
  });
  for (const { path, text } of outputFiles) {
    // Short names here alone: who reads a stack trace closely has ES modules, and a thirtieth of the package are names.
    const { code } = await transform(text, { ...TIGHT, minifyIdentifiers: true, platform: 'node', format: 'cjs' });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
  writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
  moveTypes();
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
    // Few commands need these, and npm installs them beside this package: 0.8 MB that compress no further for pictures, the clients
    // for the sweep, its queue and the streams, and those that only a look at a whole deployment asks.
    external: Object.keys(dependencies),
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
  await cp(join(morphdom, 'dist/morphdom-umd.min.js'), join(command, 'page/morphdom-umd.min.js'));
  await writeFile(
    join(command, 'LICENSES.txt'),
    licensesOf([...Object.keys(metafile.inputs), relative(root, morphdom)]),
  );
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

const { codeBytes } = await bundleFunctions(root);
console.log(`functions ${(codeBytes / 1024).toFixed(0)} KB`);
if (!options.functions) {
  await buildEsm();
  await buildCjs();
  shareDoors();
  await buildCommand();
  packAssembly(root);
}
