/** A cloud assembly on disk: what `cdk synth` writes and `cdk deploy` would upload. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LocalError } from '../ground/local-error.ts';

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
}

export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** The directory of the asset that is uploaded under this S3 key. */
  findAssetDirectory(objectKey: string): string;
}

interface Manifest {
  readonly artifacts?: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly displayName?: string;
        readonly properties?: { readonly templateFile?: string; readonly stackName?: string; readonly file?: string };
      }
    >
  >;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source?: { readonly path?: string };
        readonly destinations?: Readonly<Record<string, { readonly objectKey?: string }>>;
      }
    >
  >;
}

function readJson<T>(path: string): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (cause) {
    throw new LocalError('assembly.notFound', `"${path}" could not be read; run \`cdk synth\` first`, { cause });
  }
}

/** Reads the stack of that name (or artifact id). Throws `assembly.notFound`, `assembly.unknownStack`. */
export function readAssembly(assemblyDirectory: string, stackName: string): Assembly {
  const artifacts = Object.entries(readJson<Manifest>(join(assemblyDirectory, 'manifest.json')).artifacts ?? {});
  const stacks = artifacts.filter(([, artifact]) => artifact.type === 'aws:cloudformation:stack');
  const nameOf = ([id, artifact]: (typeof stacks)[number]) => artifact.properties?.stackName ?? id;
  const stack = stacks.find((entry) => entry[0] === stackName || nameOf(entry) === stackName);
  const templateFile = stack?.[1].properties?.templateFile;
  if (stack === undefined || templateFile === undefined) {
    const names = stacks.map(nameOf).join(', ');
    throw new LocalError(
      'assembly.unknownStack',
      `no stack "${stackName}" in "${assemblyDirectory}"; it has: ${names}`,
    );
  }
  const directories = new Map<string, string>();
  for (const [, artifact] of artifacts) {
    if (artifact.type !== 'cdk:asset-manifest' || artifact.properties?.file === undefined) continue;
    const manifest = readJson<AssetManifest>(join(assemblyDirectory, artifact.properties.file));
    for (const file of Object.values(manifest.files ?? {})) {
      for (const destination of Object.values(file.destinations ?? {})) {
        if (file.source?.path === undefined || destination.objectKey === undefined) continue;
        directories.set(destination.objectKey, resolve(assemblyDirectory, file.source.path));
      }
    }
  }
  return {
    stackName: nameOf(stack),
    template: readJson<Template>(join(assemblyDirectory, templateFile)),
    findAssetDirectory(objectKey) {
      const directory = directories.get(objectKey);
      if (directory !== undefined && existsSync(directory)) return directory;
      throw new LocalError(
        'assembly.unknownAsset',
        `asset "${objectKey}" is ${directory === undefined ? 'in no asset manifest' : `not at "${directory}"`}; synthesize again`,
      );
    },
  };
}
