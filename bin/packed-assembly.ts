/** The stack as the package carries it, for a local cloud without the CDK: template and manifest, and the functions' code where it is. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

interface Manifest {
  readonly artifacts: Readonly<
    Record<string, { readonly type: string; readonly properties?: Readonly<Record<string, string>> }>
  >;
}

interface Assets {
  readonly files: Readonly<
    Record<string, { readonly source: { readonly path: string }; readonly destinations: unknown }>
  >;
}

const WANTED = ['aws:cloudformation:stack', 'cdk:asset-manifest'];

/** Needs the functions' code in dist/functions. The CDK writes each asset's code twice, and much that only a deployment needs. */
export function packAssembly(root: string): void {
  const full = mkdtempSync(join(tmpdir(), 'assembly-'));
  const packed = join(root, 'dist', 'cloud');
  try {
    const env = { ...process.env, CDK_OUTDIR: full };
    execFileSync(process.execPath, [join('bin', 'app.ts')], { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
    rmSync(packed, { recursive: true, force: true });
    mkdirSync(packed, { recursive: true });
    const { artifacts } = read<Manifest>(full, 'manifest.json');
    const wanted = Object.entries(artifacts).filter(([, { type }]) => WANTED.includes(type));
    const kept = wanted.map(([id, { type, properties = {} }]) => {
      const { templateFile, stackName, file } = properties;
      if (templateFile !== undefined) write(packed, templateFile, read(full, templateFile));
      if (file !== undefined) write(packed, file, { files: builtAssets(root, full, packed, read<Assets>(full, file)) });
      return [id, { type, properties: { templateFile, stackName, file } }];
    });
    write(packed, 'manifest.json', { artifacts: Object.fromEntries(kept) });
  } finally {
    rmSync(full, { recursive: true, force: true });
  }
}

/** The functions' asset, at the place where the package has their code anyway. */
function builtAssets(root: string, full: string, packed: string, { files }: Assets): Record<string, unknown> {
  const functions = join(root, 'dist', 'functions');
  const built = readFileSync(join(functions, 'index.js'), 'utf8');
  const assets = Object.entries(files).flatMap(([id, { source, destinations }]) => {
    if (!source.path.startsWith('asset.')) return [];
    const asset = readFileSync(join(full, source.path, 'index.js'), 'utf8');
    if (asset !== built) throw new Error(`the asset ${source.path} is not what is in ${functions}`);
    return [[id, { source: { path: relative(packed, functions) }, destinations }]];
  });
  return Object.fromEntries(assets);
}

function read<T>(folder: string, file: string): T {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;
}

function write(folder: string, file: string, document: unknown): void {
  writeFileSync(join(folder, file), `${JSON.stringify(document)}\n`);
}
