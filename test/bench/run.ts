/** `npm run bench`: what it costs, beside other ways to do it. Writes docs/bench, which the README shows. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import cliProgress from 'cli-progress';
import { type Asked, readArguments, type SectionName, USAGE } from './arguments.ts';
import { PRICES } from './prices.ts';
import { forPage, forTerminal, type Progress, type Section } from './report.ts';
import { codeSection } from './sections/code.ts';
import { contendersSection } from './sections/contenders.ts';
import { defaultsSection } from './sections/defaults.ts';
import { FULL_SIZES, growthSection, QUICK_SIZES } from './sections/growth.ts';
import { IMPORT_SIZES, importsSection } from './sections/imports.ts';
import { OPERATOR_SIZES, operatorsSection } from './sections/operators.ts';
import { scaleSection } from './sections/scale.ts';

const RESULTS = join(import.meta.dirname, '..', '..', 'docs', 'bench');
const QUICK_SHARE = 0.02;

const SECTIONS: Record<SectionName, (quick: boolean, progress: Progress) => Promise<Section>> = {
  contenders: (quick, progress) => contendersSection(quick ? QUICK_SHARE : 1, progress),
  growth: (quick, progress) => growthSection(quick ? QUICK_SIZES : FULL_SIZES, progress),
  code: codeSection,
  operators: (quick, progress) => operatorsSection(quick ? OPERATOR_SIZES.slice(0, 1) : OPERATOR_SIZES, progress),
  imports: (quick, progress) => importsSection(quick ? IMPORT_SIZES.slice(0, 1) : IMPORT_SIZES, progress),
  defaults: defaultsSection,
  scale: scaleSection,
};

const HEADING = `# What it costs

Written by \`npm run bench\`; no number here is by hand. Prices: ${PRICES.region}, on demand, read on ${PRICES.readOn}
([prices.ts](https://github.com/deallocator/deallocator/blob/main/test/bench/prices.ts)). Units follow AWS's documented rules
([capacity.ts](https://github.com/deallocator/deallocator/blob/main/lib/local/dynamodb/capacity.ts)), and agree with those of Amazon's own engine
([cross-check.test.ts](https://github.com/deallocator/deallocator/blob/main/test/bench/cross-check.test.ts)). Units and virtual times are the same on every machine;
processor times are not.`;

async function main(args: readonly string[]): Promise<number> {
  let asked: Asked | 'help';
  try {
    asked = readArguments(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  if (asked === 'help') {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const { quick, only } = asked;
  const sections: Section[] = [];
  for (const [name, measure] of Object.entries(SECTIONS)) {
    if (only !== undefined && only !== name) continue;
    const progress = openProgress(name);
    const section = await measure(quick, progress.update).finally(progress.stop);
    process.stdout.write(forTerminal(section));
    sections.push(section);
  }
  if (quick) return 0;
  await mkdir(RESULTS, { recursive: true });
  for (const { file, svg } of sections.flatMap(({ pictures }) => pictures)) await writeFile(join(RESULTS, file), svg);
  const page = join(RESULTS, 'README.md');
  const before = only === undefined ? undefined : await readFile(page, 'utf8');
  await writeFile(page, before === undefined ? wholePage(sections) : sections.reduce(withSection, before));
  process.stdout.write(`written to ${RESULTS}\n`);
  return 0;
}

function wholePage(sections: readonly Section[]): string {
  return `${[HEADING, ...sections.map(forPage)].join('\n\n')}\n`;
}

/** The page with this section written anew in its place. */
function withSection(page: string, section: Section): string {
  const parts = page.trimEnd().split(/\n\n(?=## )/);
  const place = parts.findIndex((part) => part.startsWith(`## ${section.title}\n`));
  if (place < 0) throw new Error(`docs/bench has no section "${section.title}"; write it whole, without --only`);
  return `${parts.with(place, forPage(section)).join('\n\n')}\n`;
}

function openProgress(name: string): { readonly update: Progress; readonly stop: () => void } {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${name} …\n`);
    return { update: () => {}, stop: () => {} };
  }
  const bars = new cliProgress.MultiBar({ format: `${name} [{bar}] {percentage} %`, stream: process.stderr });
  const bar = bars.create(1000, 0);
  return { update: (share) => bar.update(Math.round(share * 1000)), stop: () => bars.stop() };
}

process.exitCode = await main(process.argv.slice(2));
