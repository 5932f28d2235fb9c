/** The bench itself, as CI keeps it from rotting: the whole command, in small. */
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/program.ts';
import { SECTION_NAMES } from './arguments.ts';

describe('npm run bench', () => {
  it('--quick measures every section, and fails for none', async () => {
    const { status, stdout, stderr } = await runProgram('test/bench/run.ts', ['--quick']).ended;
    for (const name of SECTION_NAMES) expect(stderr).toContain(`${name} …\n`);
    expect(stdout).toMatch(/Powertools/);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
    expect(status).toBe(0);
  });

  it('refuses a section that is not there, and says which are', async () => {
    const { status, stderr } = await runProgram('test/bench/run.ts', ['--only', 'speed']).ended;
    expect(stderr).toContain(`there is no section "speed"; there are: ${SECTION_NAMES.join(', ')}`);
    expect(status).toBe(2);
  });
});
