/** Builds the functions' code from the sources. The construct never imports this: it reads the result. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

export interface FunctionsBundle {
  readonly folder: string;
  readonly codeBytes: number;
}

/**
 * Bundles functions/index.ts into dist/functions/index.js, the AWS SDK included: Lambda's own copy differs by Region and day.
 * CJS made of the dependencies' `module` builds: an ES module starts a third slower, and esbuild's usual choice for Node,
 * `main` first, makes it half as large again.
 *
 * No compiled code goes along, which would save a fifth of a start: Node.js takes it from the very same build of Node.js alone (24.19
 * refuses that of 24.21, with the same V8), and Lambda's is another one. Its own cache would be in /tmp, which a cold start finds empty:
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 *
 * The same sources give the same bytes. The folder is never seen half built, so programs may build side by side.
 */
export async function bundleFunctions(packageRoot: string): Promise<FunctionsBundle> {
  const folder = join(packageRoot, 'dist', 'functions');
  const { outputFiles } = await build({
    ...bundleOptions(packageRoot),
    entryPoints: ['functions/index.ts'],
  });
  const [code] = outputFiles;
  if (code === undefined || outputFiles.length > 1) {
    throw new Error(`the functions became ${outputFiles.length} files, not one; see what functions/index.ts imports`);
  }
  await writeAlone(folder, 'index.js', code.contents);
  return { folder, codeBytes: code.contents.length };
}

/** Files of the SDK's packages for which lib/infra/left-out.ts stands in the functions' code. */
export const LEFT_OUT_FILES = [
  '@aws-sdk/client-dynamodb/package.json',
  '@aws-sdk/core/dist-es/submodules/client/middleware-logger/loggerMiddleware.js',
  '@aws-sdk/core/dist-es/submodules/client/middleware-recursion-detection/getRecursionDetectionPlugin.js',
  '@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/user-agent-middleware.js',
  '@aws-sdk/core/dist-es/submodules/client/util-user-agent-node/defaultUserAgent.js',
  '@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js.js',
  '@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion.js',
  '@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js',
  '@smithy/signature-v4/dist-es/HeaderFormatter.js',
] as const;

/** What is loaded in the place of each. */
export const STAND_IN = "export * from './left-out.ts'; export { default } from './left-out.ts';";

function leavingOut(packageRoot: string): Plugin {
  const standIn = { contents: STAND_IN, resolveDir: join(packageRoot, 'lib', 'infra'), loader: 'ts' } as const;
  const isLeftOut = (path: string) => LEFT_OUT_FILES.some((file) => path.endsWith(`/node_modules/${file}`));
  return {
    name: 'left out',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.js(on)?$/ }, ({ path }) => (isLeftOut(path.replaceAll(sep, '/')) ? standIn : undefined)),
  };
}

/** How esbuild makes the functions' code. It writes no file. */
export function bundleOptions(packageRoot: string) {
  return {
    absWorkingDir: packageRoot,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    // A third of the SDK's client is other ways to find credentials: profiles, SSO, metadata servers. A function finds its
    // own in the environment. Without the others a bundle is a third smaller, and starts with a quarter less processor time
    // (`npm run bench -- --only code`). What is left out besides is a fifth.
    alias: {
      '@aws-sdk/credential-provider-node': join(packageRoot, 'lib', 'infra', 'lambda-credentials.ts'),
      '@aws-sdk/endpoint-cache': join(packageRoot, 'lib', 'infra', 'left-out.ts'),
      '@smithy/core/event-streams': join(packageRoot, 'lib', 'infra', 'left-out.ts'),
      '@smithy/core/retry': join(packageRoot, 'lib', 'infra', 'left-out.ts'),
    },
    plugins: [leavingOut(packageRoot)],
    minify: true,
    // V8 compiles a function more quickly than an arrow function, which looks like an expression in parentheses until its arrow: the
    // whole starts with a twentieth less processor time, though it is 15 KB larger.
    supported: { arrow: false },
    keepNames: false,
    sourcemap: false,
    metafile: false,
    legalComments: 'none',
    logLevel: 'warning',
  } as const satisfies BuildOptions;
}

/** Leaves only this file in the folder: the asset's hash and the upload cover all that is in it. */
async function writeAlone(folder: string, file: string, contents: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  const target = join(folder, file);
  const before = await readFile(target).catch(() => undefined);
  if (before === undefined || !before.equals(contents)) {
    // Beside the folder, not in it: a program that hashes the folder meanwhile must not see it.
    const draft = `${folder}.${randomUUID()}`;
    await writeFile(draft, contents);
    await rename(draft, target);
  }
  const others = (await readdir(folder)).filter((name) => name !== file);
  await Promise.all(others.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
