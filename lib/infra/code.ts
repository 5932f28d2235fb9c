import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';

/**
 * The built code, which is the same for each function. It is built beforehand and not at synthesis (NodejsFunction): a user of this package has
 * neither its sources nor esbuild, and what is deployed is what was tested.
 */
export function builtCode(): Code {
  const folder = join(packageRoot(), 'dist', 'functions');
  if (!existsSync(join(folder, 'index.js'))) {
    throw new Error(
      `the functions' code is not at "${folder}", where its index.js belongs; run "npm run build" there, or ` +
        'install the package again if it came from a registry',
    );
  }
  return Code.fromAsset(folder);
}

/**
 * This file runs from its source, from dist/esm and from the bundle in dist/cjs, at different depths; the folders between
 * it and the package have no package.json with a name.
 */
function packageRoot(): string {
  const start = import.meta.dirname;
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name !== undefined) return folder;
    if (folder === dirname(folder)) {
      throw new Error(
        `no package.json with a name is above "${start}", so the functions' code can't be found; if a bundler moved the ` +
          'construct out of its package, mark "deallocator" as external there',
      );
    }
  }
}
