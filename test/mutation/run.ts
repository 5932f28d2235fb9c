/**
 * `npm run mutation`: Stryker changes one thing at a time in the protocol and the DynamoDB conditions, and the tests must
 * notice. A survivor must be on the list of {@link ACCEPTED} with a reason; a few may wait for theirs.
 * Exit status: 0 all as listed, 1 not, 2 Stryker did not finish.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { ACCEPTED } from './accepted.ts';

/** Survivors that may be told of without being listed: a change need not wait for the reasons of its own. More is neglect. */
const UNLISTED_MAX = 5;
/** How much better than told it may be before the README must be mended. */
const TOLD_PERCENT_SLACK = 3;

const ROOT = join(import.meta.dirname, '..', '..');
const REPORT = join(ROOT, '.reports', 'mutation.json');

interface Place {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

interface Report {
  readonly files: Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>;
}

/** What a mutant did, without a line number: `lib/x.ts: a > b → a >= b`. It stays the same when code moves. */
function describeMutant(file: string, source: string, { replacement, location: { start, end } }: Mutant): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = (lines[last] ?? '').slice(0, end.column - 1);
  lines[0] = (lines[0] ?? '').slice(start.column - 1);
  const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  return `${file}: ${oneLine(lines.join(' '))} → ${oneLine(replacement)}`;
}

const reporter = process.stdout.isTTY ? 'progress' : 'progress-append-only';
const stryker = join(ROOT, 'node_modules', '.bin', 'stryker');
const { status } = spawnSync(stryker, ['run', 'test/mutation/stryker.json', '--reporters', `json,${reporter}`], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) {
  console.error(`Stryker ended with status ${status} before every mutant was tried; its last lines say why`);
  process.exit(2);
}

const { files } = JSON.parse(readFileSync(REPORT, 'utf8')) as Report;
const table = new Table({
  head: ['file', 'mutants', 'noticed', 'accepted', 'missed'],
  style: { head: [], border: [] },
});
const survivors = new Set<string>();
let all = 0;
let noticed = 0;
for (const [file, { source, mutants }] of Object.entries(files)) {
  const tried = mutants.filter(({ status }) => status !== 'Ignored' && status !== 'CompileError');
  const missed = tried.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const described = missed.map((mutant) => describeMutant(file, source, mutant));
  const accepted = described.filter((text) => text in ACCEPTED);
  for (const text of described) survivors.add(text);
  all += tried.length;
  noticed += tried.length - missed.length;
  table.push([file, tried.length, tried.length - missed.length, accepted.length, missed.length - accepted.length]);
}
console.log(table.toString());
const percent = Math.floor((100 * noticed) / all);
console.log(`${noticed} of ${all} mutants were noticed (${percent} %); ${survivors.size} kinds survived`);

const unexpected = [...survivors].filter((text) => !(text in ACCEPTED));
const stale = Object.keys(ACCEPTED).filter((text) => !survivors.has(text));
for (const text of unexpected)
  console.error(`survived: ${text}\n  write a test that notices it, or accept it with a reason`);
// Not a failure: whether a mutant runs into its time limit depends on the machine.
for (const text of stale) console.error(`accepted, but noticed or gone: ${text}\n  take it off the list`);
const readme = readFileSync(join(ROOT, 'test', 'README.md'), 'utf8');
const told = /notice\s+(\d+) %/.exec(readme)?.[1];
const isToldRight = told !== undefined && Number(told) <= percent && percent < Number(told) + TOLD_PERCENT_SLACK;
if (!isToldRight) console.error(`test/README.md says that tests notice ${told} %; it must say "notice ${percent} %"`);
process.exit(unexpected.length <= UNLISTED_MAX && isToldRight ? 0 : 1);
