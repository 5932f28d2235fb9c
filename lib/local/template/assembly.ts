/** A cloud assembly on disk: what `cdk synth` writes and `cdk deploy` would upload. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LocalError } from '../ground/local-error.ts';

type Named<T> = Readonly<Record<string, T>>;

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Named<unknown>;
  readonly Condition?: string;
}

export interface Template {
  readonly Parameters?: Named<{ readonly Default?: unknown }>;
  readonly Resources: Named<TemplateResource>;
  readonly Outputs?: Named<{ readonly Value: unknown }>;
}

export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** The directory of the asset that is uploaded under this S3 key. */
  findAssetDirectory(objectKey: string): string;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string; readonly file?: string };
}

interface Asset {
  readonly source?: { readonly path?: string };
  readonly destinations?: Named<{ readonly objectKey?: string }>;
}

function readJson<T>(path: string): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (cause) {
    throw new LocalError('assembly.notFound', `"${path}" could not be read; run \`cdk synth\` first`, { cause });
  }
}

/** Directories by S3 key, out of all asset manifests. */
function readAssetDirectories(assemblyDirectory: string, artifacts: readonly Artifact[]): ReadonlyMap<string, string> {
  const assets = artifacts.flatMap(({ type, properties }) => {
    if (type !== 'cdk:asset-manifest' || properties?.file === undefined) return [];
    return Object.values(readJson<{ files?: Named<Asset> }>(join(assemblyDirectory, properties.file)).files ?? {});
  });
  const directories = assets.flatMap(({ source, destinations = {} }) => {
    const path = source?.path;
    if (path === undefined) return [];
    return Object.values(destinations).map(
      ({ objectKey }) => [objectKey ?? '', resolve(assemblyDirectory, path)] as const,
    );
  });
  return new Map(directories);
}

/** Reads the stack of that name (or artifact id). Throws `assembly.notFound`, `assembly.unknownStack`. */
export function readAssembly(assemblyDirectory: string, stackName: string): Assembly {
  const manifest = readJson<{ readonly artifacts?: Named<Artifact> }>(join(assemblyDirectory, 'manifest.json'));
  const artifacts = manifest.artifacts ?? {};
  const stacks = Object.entries(artifacts).flatMap(([id, { type, properties }]) => {
    return type === 'aws:cloudformation:stack' ? [{ id, name: properties?.stackName ?? id, ...properties }] : [];
  });
  const stack = stacks.find(({ id, name }) => id === stackName || name === stackName);
  if (stack?.templateFile === undefined) {
    const names = stacks.map(({ name }) => name).join(', ');
    throw new LocalError(
      'assembly.unknownStack',
      `no stack "${stackName}" in "${assemblyDirectory}"; it has: ${names}`,
    );
  }
  const directories = readAssetDirectories(assemblyDirectory, Object.values(artifacts));
  return {
    stackName: stack.name,
    template: readJson<Template>(join(assemblyDirectory, stack.templateFile)),
    findAssetDirectory(objectKey) {
      const directory = directories.get(objectKey);
      if (directory !== undefined && existsSync(directory)) return directory;
      const problem = directory === undefined ? 'in no asset manifest' : `not at "${directory}"`;
      throw new LocalError('assembly.unknownAsset', `asset "${objectKey}" is ${problem}; synthesize again`);
    },
  };
}
