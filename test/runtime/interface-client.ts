/** Amazon's Runtime Interface Client: what calls a handler in Lambda's own images. Built here, since it is partly C++. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The one that was tried. */
const VERSION = '4.0.2';

/** The program, installed and built in the directory if it is not there yet: that takes a minute or two, cmake and g++. */
export function buildInterfaceClient(directory: string): string {
  const home = join(directory, 'node_modules', 'aws-lambda-ric');
  if (!existsSync(join(home, 'rapid-client.node'))) {
    mkdirSync(directory, { recursive: true });
    // By itself: whoever clones this project need not build it, and `npm ci` must not run its scripts.
    const dependencies = { 'aws-lambda-ric': VERSION };
    const allowScripts = { 'aws-lambda-ric': true };
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, dependencies, allowScripts }));
    for (const args of [['install'], ['rebuild', '--foreground-scripts']]) {
      const { status } = spawnSync('npm', args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
      if (status !== 0)
        throw new Error(`npm ${args[0]} of aws-lambda-ric failed, see above; it needs cmake, make and g++`);
    }
  }
  return join(home, 'index.mjs');
}
