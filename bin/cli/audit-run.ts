/** `audit`, once it is asked for: what it reads with is loaded by nobody else. */
import { type Database, openDatabase } from '../../lib/dynamodb/database.ts';
import { parseItemName } from '../../lib/lifecycle/ids.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { type AuditResult, audit as auditTables } from '../../lib/operate/audit/audit.ts';
import { CHILDREN_TOLD_MAX } from '../../lib/operate/audit/reader.ts';
import { type LeftFinding, type RepairResult, repair } from '../../lib/operate/audit/repair.ts';
import type { Check } from '../../lib/operate/deployed/check.ts';
import { inspect, inspectTables } from '../../lib/operate/deployed/inspect.ts';
import type { Surroundings } from '../../lib/operate/deployed/surroundings.ts';
import { planned, spoken } from '../../lib/operate/names.ts';
import { type Given, readTime, refuseMore } from './arguments.ts';
import { type Block, blocks } from './blocks.ts';
import { DONE, FAILED, type Session } from './command.ts';
import { checkBlocks } from './commands/selftest.ts';
import type { Io } from './io.ts';
import { lines } from './lists.ts';
import { openProgress } from './progress.ts';
import { count, duration, visible } from './text.ts';

export async function runAudit({ io, open, isJson, report, printJson }: Session, given: Given): Promise<number> {
  refuseMore(given, 0);
  const confirmMillis = readTime(given, 'confirm');
  const { db, tables, rules, sweep, around, sweepFunctionName, cluster } = await open();
  const { plan } = cluster;
  const options = { plan, rules, signal: io.signal, chance: io.chance };
  const progress = openProgress(io);
  try {
    const result = await auditTables(db, tables, {
      ...options,
      confirmMillis,
      onProgress: ({ table, items }) => progress.update(0, 0, `reading ${table}: ${count(items, 'item')}`),
    });
    const repaired = given.flag('repair')
      ? await repair(db, tables, sweep, result.findings, {
          ...options,
          onProgress: ({ done, total }) => progress.update(done, total, `mending ${done} of ${total}`),
        })
      : undefined;
    const database = openDatabase(db, tables, { plan, rules, chance: io.chance });
    const deployed = await compare(database, around, sweepFunctionName, given.flag('deployed'));
    progress.close();
    const wrong = (deployed ?? []).filter((check) => check.result === 'failed');
    const left = repaired?.left ?? result.findings;
    if (isJson) printJson({ ...result, ...(repaired && { repair: repaired }), ...(deployed && { deployed }) });
    else {
      const items = Object.values(result.read).reduce((sum, number) => sum + number, 0);
      report(`read ${count(items, 'item')}, found ${count(result.findings.length, 'fault')}`);
      if (result.unchecked > 0) report(uncheckedWords(result));
      if (result.unlike !== undefined) report(unlikeWords(result.unlike));
      if (repaired !== undefined) report(repairedWords(plan, repaired));
      if (left.length > 0) report(`\n${describe(plan, left, io)}`);
      if (wrong.length > 0) report(`\n${checkBlocks(wrong, io)}`);
      const unseen = (deployed ?? []).filter((check) => check.result === 'not looked at');
      if (unseen.length > 0 && given.flag('deployed')) report(`\n${checkBlocks(unseen, io)}`);
      else if (unseen.length > 0)
        report(`not looked at: ${unseen.map(({ name }) => name).join(', ')}; --deployed says why`);
    }
    return left.length + wrong.length > 0 || result.unchecked > 0 ? FAILED : DONE;
  } finally {
    progress.close();
  }
}

/** Undefined where there are only tables. */
async function compare(
  database: Database,
  around: Surroundings | undefined,
  sweepFunctionName: string | undefined,
  isWhole: boolean,
): Promise<readonly Check[] | undefined> {
  if (around === undefined) return undefined;
  if (isWhole) return (await inspect(database, around, sweepFunctionName)).checks;
  return sweepFunctionName === undefined ? undefined : await inspectTables(database, around, sweepFunctionName);
}

/** What lies in the tables beside the kinds' items. */
function unlikeWords(unlike: NonNullable<AuditResult['unlike']>): string {
  const tables = Object.entries(unlike).map(([table, number]) => `${count(number, 'item')} of ${table}`);
  return `of no kind, so that nothing protects them: ${tables.join(', ')}`;
}

/** What was only counted, by its kind: a sample of each kind is among the faults. */
function uncheckedWords({ uncheckedOf }: AuditResult): string {
  const kinds = Object.entries(uncheckedOf).map(([problem, more]) => `${more.toLocaleString('en-US')} of "${problem}"`);
  return `counted, and not looked at again: ${kinds.join(', ')} more; mend these first, then audit again`;
}

/** What is not as it was before; a deletion can't be taken back. */
function repairedWords(plan: Plan, { repaired, left, deleted }: RepairResult): string {
  return [
    `repaired ${repaired.length}, left ${left.length}`,
    ...lines(
      repaired.map(({ problem, subject }) => visible(`  ${nameOf(plan, subject)}: ${problem}`)),
      'that were repaired',
    ),
    ...lines(
      deleted.map((object) => visible(`  deleted ${spoken(plan, object)}`)),
      'that were deleted',
    ),
  ].join('\n');
}

/** Findings that are shown, before it says how many more there are. */
const FINDINGS_SHOWN_MAX = 50;

function describe(plan: Plan, findings: readonly LeftFinding[], io: Io): string {
  const shown = findings.slice(0, FINDINGS_SHOWN_MAX);
  const more = findings.length - shown.length;
  const text = blocks(
    shown.map((finding) => blockOf(plan, finding, io)),
    io.out,
  );
  return more > 0 ? `${text}\n\n… and ${more} more; --json has them all` : text;
}

/** What, where, which promise, since when, and what to do. What is not known is left out. */
function blockOf(plan: Plan, finding: LeftFinding, { chance }: Io): Block {
  const { problem, subject, promise, promised, message, evidence, since, mending, error } = finding;
  const fix = mending.by === 'sweep' ? 'deallocator audit --repair' : mending.step;
  const ageSeconds = since === undefined ? 0 : (chance.nowEpochMillis() - Date.parse(since)) / 1000;
  return {
    title: `${problem}: ${nameOf(plan, subject)}`,
    parts: [
      ['what', message],
      ...(evidence.children === undefined
        ? []
        : [['children', `${childrenText(evidence.children)}, counted in the table`] as const]),
      ...(promise === undefined ? [] : [['breaks', `${promise}: ${promised}`] as const]),
      ...(since === undefined ? [] : [['since', `${since}, ${duration(ageSeconds)} ago`] as const]),
      ['fix', error === undefined ? fix : `${fix} has failed: ${error}`],
    ],
  };
}

/** A count beside an unreadable counter ends at a bound. */
function childrenText(children: unknown): string {
  return `${Number(children) >= CHILDREN_TOLD_MAX ? 'at least ' : ''}${children}`;
}

/** Objects in words; what else there is, as the tables have it. */
function nameOf(plan: Plan, subject: string): string {
  const key = parseItemName(plan, subject);
  return key !== undefined && planned(plan, key.kind).isGuarded ? spoken(plan, subject) : subject;
}
