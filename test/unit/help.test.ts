/** The help is true: it shows the options that a command has, and its examples use these alone. */
import { describe, expect, it } from 'vitest';
import { GLOBAL_OPTIONS } from '../../bin/cli/command.ts';
import { COMMANDS } from '../../bin/cli/commands.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const ALONE = ['local', 'completion'];

describe.each(COMMANDS)('deallocator $name --help', ({ name, examples }) => {
  it('shows the options of each command where it speaks to a deployment, and only there', async () => {
    const { stdout } = await memoryCommandLine().cli([name, '--help']);
    const shown = Object.keys(GLOBAL_OPTIONS).filter((option) => new RegExp(`--${option}\\b`).test(stdout));
    expect(shown).toEqual(ALONE.includes(name) ? [] : Object.keys(GLOBAL_OPTIONS));
  });

  it('has examples that use options which it shows', async () => {
    const { stdout } = await memoryCommandLine().cli([name, '--help']);
    const [options = ''] = stdout.split('\nExamples:');
    const own = examples.flatMap(([line]) =>
      line.split(/&&|[|>]/).filter((part) => part.includes(`deallocator ${name}`)),
    );
    for (const [option] of own.flatMap((line) => [...line.matchAll(/--[a-z-]+/g)])) expect(options).toContain(option);
  });
});

it.each(ALONE)('deallocator %s refuses a deployment, which it would not speak to', async (name) => {
  const { cli } = memoryCommandLine();
  for (const option of [['--deployment', 'Shop'], ['--json']]) {
    expect(await cli([name, ...(name === 'completion' ? ['bash'] : []), ...option])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`unknown option '${option[0]}'`),
    });
  }
});
