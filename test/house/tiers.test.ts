/** The tiers leave nothing out: what `npm test` does not do is named, with a reason, and `npm run test:all` does it. */
import { existsSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closingLine, failures, type Step } from '../support/closing-line.ts';
import { tellTier } from '../support/tier-reporter.ts';
import { AMOUNTS, LEFT_OUT, LEFT_TO_REST, QUICK, THINNED } from '../support/tiers.ts';
import { ourImports, ROOT, read, sources, tracked } from './sources.ts';

const entries = Object.entries({ ...AMOUNTS, ...LEFT_OUT });

describe('the tiers', () => {
  it('name files that exist, each in one tier only', () => {
    const left = Object.keys(LEFT_TO_REST);
    expect([...left, ...THINNED].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(left.filter((path) => THINNED.includes(path))).toEqual([]);
    expect([...left, ...THINNED].filter((path) => QUICK.some((glob) => matchesGlob(path, glob)))).toEqual([]);
    expect(QUICK.filter((glob) => !tracked.some((path) => matchesGlob(path, glob)))).toEqual([]);
  });

  it('say why', () => {
    const reasons = [...Object.values(LEFT_TO_REST), ...entries.map(([, { why }]) => why)];
    for (const reason of reasons) expect(reason.split(' ').length, reason).toBeGreaterThan(4);
  });

  it.each(Object.entries(AMOUNTS))('do some %s in the main tier, and more in the rest', (_, { main, rest }) => {
    expect(main).toBeGreaterThan(0);
    expect(rest).toBeGreaterThan(main);
  });

  it.each(entries)('know which files do %s by halves', (name, { files }) => {
    const asking = sources.filter(
      ({ path, text }) => ourImports({ path, text }).includes('test/support/amount.ts') && text.includes(`'${name}'`),
    );
    // A file asks itself, or what it imports does.
    const isAsking = (path: string) =>
      asking.some((one) => one.path === path) ||
      sources.some(
        (one) => one.path === path && ourImports(one).some((target) => asking.some((by) => by.path === target)),
      );
    expect(files.filter((path) => !isAsking(path))).toEqual([]);
    const wider = asking.map(({ path }) => path).filter((path) => path.endsWith('.test.ts'));
    expect(wider.filter((path) => !(files as readonly string[]).includes(path))).toEqual([]);
  });

  it('together are all that there is, and CI runs them', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(scripts['test:all']).toBe('npm test && npm run test:rest && npm run mutation');
    expect(read('.ci/run')).toMatch(/tests test\ntests test:rest\n.*step mutation/);
  });
});

describe('the end of a run', () => {
  it('tells what was done in part, and what was left', () => {
    const lines = tellTier('main', new Set(THINNED));
    expect(lines.join('\n')).toContain('of 800 schedules of each simulated profile');
    for (const { names, of } of Object.values(LEFT_OUT)) expect(lines.join('\n')).toContain(`${names.length} ${of}`);
    for (const path of Object.keys(LEFT_TO_REST)) expect(lines.join('\n')).toContain(path);
  });

  it('tells amounts of what was run only', () => {
    expect(tellTier('rest', new Set(['test/scenario/schedules.test.ts'])).slice(1)).toEqual([
      '  600 schedules of the handlers alone',
    ]);
  });
});

describe('the closing line of CI', () => {
  const report = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, testResults: [] };
  const good: Step = { name: 'test', isFailed: false, report };
  const bad: Step = { ...good, isFailed: true };

  it.each<[string, Step[], string]>([
    ['all runs, and the mutation run as one test', [good, { name: 'mutation', isFailed: false }], '6 passed, 0 failed'],
    [
      'failures of two runs',
      [
        { ...bad, report: { ...report, numFailedTests: 2 } },
        { ...bad, report: { ...report, numFailedTests: 1, numPendingTests: 3 } },
      ],
      '10 passed, 3 failed, 3 skipped',
    ],
    ['a failure without a failed test, as of types', [{ name: 'test', isFailed: true }, bad], '5 passed, 2 failed'],
  ])('counts %s', (_, steps, line) => {
    expect(closingLine(steps)).toBe(line);
  });

  it('comes after the names of what failed: a test, a file that can not be loaded, a step', () => {
    const passed = { fullName: 'a is b', status: 'passed' };
    const testResults = [
      {
        name: '/x.ts',
        message: '',
        assertionResults: [passed, { ...passed, status: 'failed', failureMessages: ['1\n2'] }],
      },
      { name: '/y.ts', message: 'no such module', assertionResults: [] },
    ];
    expect(failures([good])).toEqual([]);
    expect(
      failures([
        { ...bad, report: { ...report, testResults } },
        { name: 'mutation', isFailed: true },
      ]),
    ).toEqual(['/x.ts: a is b\n  1\n  2', '/y.ts\n  no such module', 'mutation failed: what it printed is above']);
    const many = Array.from({ length: 25 }, () => testResults[1] ?? testResults[0]).filter((one) => one !== undefined);
    expect(failures([{ ...bad, report: { ...report, testResults: many } }]).slice(19)).toEqual([
      '/y.ts\n  no such module',
      'and 5 more',
    ]);
  });
});
