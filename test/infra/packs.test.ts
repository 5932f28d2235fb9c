/** Every rule pack of cdk-nag: what is found is what docs/compliance.md lists, each with its reason, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import {
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R4Checks,
  NIST80053R5Checks,
  PCIDSS321Checks,
  ServerlessChecks,
} from 'cdk-nag';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { findings } from './findings.ts';
import { regulated } from './regulated.ts';
import { root } from './world.ts';

beforeAll(() => void vi.stubEnv('CDK_VALIDATION', 'true'));
afterAll(() => void vi.unstubAllEnvs());

const PACKS = [
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R4Checks,
  NIST80053R5Checks,
  PCIDSS321Checks,
  ServerlessChecks,
];
const DEPLOYMENTS: readonly (readonly [what: string, props: (stack: Stack) => DeallocatorProps])[] = [
  ['default', () => ({})],
  ['regulated', regulated],
];

/** `| rule | packs | number by default | number with all props | reason |` */
const ROW = /^\| `([^`]+)` \| ([^|]+) \| (\d+) \| (\d+) \| (\S[^|]+) \|$/;

test('what the packs find is what is listed with a reason, in each pack and in this number', () => {
  const listed = readFileSync(join(root, 'docs', 'compliance.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, rule, packs = '', ...counts] = ROW.exec(line) ?? [];
      return packs
        .split(', ')
        .flatMap((pack) =>
          rule === undefined
            ? []
            : DEPLOYMENTS.map(([what], n) => [`${what}: ${pack.trim()}-${rule}`, Number(counts[n])] as const),
        );
    })
    .filter(([, count]) => count > 0);
  const found = new Map<string, number>();
  for (const Pack of PACKS) {
    for (const [what, props] of DEPLOYMENTS) {
      const all = findings(Pack, (stack) => new Deallocator(stack, 'Deallocator', props(stack)));
      for (const one of all.filter((path) => path.includes(' Checked/Deallocator'))) {
        const rule = `${what}: ${one.slice(0, one.indexOf(' ')).replace(/\[.*\]$/s, '')}`;
        found.set(rule, (found.get(rule) ?? 0) + 1);
      }
    }
  }
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(listed));
  expect(listed.length).toBeGreaterThan(20);
});
