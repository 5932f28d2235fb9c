/** Names and rules survive being written and read, and every text that says none is refused: for any deployment. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { readNames } from '../../bin/synthesize.ts';
import type { PhysicalNames } from '../../lib/dynamodb/schema.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT, SWARMKIT_ALL, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import { readConfig } from '../../lib/streams/configuration.ts';
import {
  type FunctionEnvironment,
  readEnvironment,
  readOutputs,
  readRuleOutputs,
  splitStackName,
  writeEnvironment,
  writeOutputs,
} from '../../lib/streams/deployment.ts';
import { functionNamesOf } from '../../lib/streams/functions.ts';
import { forTables } from '../support/swarmkit.ts';

const text = fc.string({ minLength: 1 });
const tables = fc.record(forTables(() => text));
/** Those that the construct lets through, whose durations are whole seconds and days. */
const ofAnyKinds = {
  gracePeriodMillis: fc.nat({ max: 30 * 24 * 60 * 60 }).map((seconds) => seconds * 1000),
  receiptDays: fc.integer({ min: 1, max: 3650 }),
};
const rules: fc.Arbitrary<Rules> = fc.record(ofAnyKinds);
const EXAMPLES: readonly Lifecycle[] = [SWARMKIT, swarmkit({ stopTasks: true }), SWARMKIT_ALL, IDEAS, SANDBOX, CHATBOT];
const environmentOf = (lifecycle: Lifecycle) => {
  const plan: Plan = planOf(lifecycle);
  return fc.record({
    lifecycle: fc.constant(lifecycle),
    plan: fc.constant(plan),
    tables: fc.record(Object.fromEntries(Object.keys(plan.tables).map((table) => [table, text]))),
    rules,
    functionName: fc.constantFrom(...functionNamesOf(plan)),
    metricsNamespace: text,
    logLevel: fc.constantFrom('INFO' as const, 'WARN' as const, 'ERROR' as const),
  }) as fc.Arbitrary<FunctionEnvironment>;
};
const environments = fc.oneof(...EXAMPLES.map(environmentOf));
const swarmkits = environmentOf(SWARMKIT);
const names = fc.record({ tables, sweepFunctionName: text, deadLetterQueueUrl: text, rules });

/** Whole numbers, decimals, words in every spelling, and anything else. */
const anyText = fc.oneof(
  fc.string(),
  fc.nat().map(String),
  fc.double().map(String),
  fc.mixedCase(fc.constantFrom('yes', 'no', 'true', 'false', 'info', 'warn', 'error')),
);

/** Said a second time here, on purpose: what each text may be. */
const VARIABLES = {
  GRACE_PERIOD_SECONDS: /^[0-9]{1,9}$/,
  RECEIPT_DAYS: /^[0-9]{1,9}$/,
  LOG_LEVEL: /^(INFO|WARN|ERROR)$/,
  DEALLOCATOR_FUNCTION: /^((task|attachment)-deleted|(service|network)-updated|sweep)$/,
};
const OUTPUTS = {
  GracePeriodSeconds: /^[0-9]+(\.[0-9]+)?$/,
};

function errorOf(work: () => unknown): unknown {
  try {
    return void work();
  } catch (error) {
    return error;
  }
}

describe('the environment of a function', () => {
  it('says what the construct has written', () => {
    fc.assert(
      fc.property(environments, (environment) => {
        expect(readEnvironment(writeEnvironment(environment))).toEqual(environment);
      }),
    );
  });

  it.each(Object.entries(VARIABLES))('is refused by name where %s is anything but %s', (variable, allowed) => {
    fc.assert(
      fc.property(swarmkits, anyText, (environment, said) => {
        const error = errorOf(() => readEnvironment({ ...writeEnvironment(environment), [variable]: said }));
        const found = said === '' ? 'not set; ' : `"${said}", allowed: `;
        const refusal = {
          code: 'FailedPrecondition',
          message: expect.stringContaining(`the environment variable ${variable} is ${found}`),
        };
        expect(error).toEqual(allowed.test(said) ? undefined : expect.objectContaining(refusal));
      }),
    );
  });
});

describe('the kinds in the environment of a function', () => {
  const written = (lifecycle: Lifecycle) => {
    const [environment] = fc.sample(environmentOf(lifecycle), 1);
    return writeEnvironment(environment as FunctionEnvironment);
  };

  it('hold no dollar: a checker of templates would take a part in its braces for a reference', () => {
    for (const lifecycle of EXAMPLES) {
      expect(written(lifecycle).LIFECYCLE).not.toContain('$');
      expect(JSON.parse(written(lifecycle).LIFECYCLE ?? '')).toEqual(lifecycle);
    }
  });

  it.each([
    ['', 'LIFECYCLE is not set'],
    ['{', 'LIFECYCLE is "{", allowed: a lifecycle as JSON'],
    ['{"kinds":{}}', 'LIFECYCLE is "{"kinds":{}}", allowed'],
  ])('are refused as %j', (said, message) => {
    const error = errorOf(() => readEnvironment({ ...written(SWARMKIT), LIFECYCLE: said }));
    expect(error).toMatchObject({ code: 'FailedPrecondition', message: expect.stringContaining(message) });
  });

  it('say which tables there are, and which functions', () => {
    const environment = written(IDEAS);
    const { IDEAS_TABLE, ...others } = environment;
    expect(errorOf(() => readEnvironment(others))).toMatchObject({
      message: expect.stringContaining('IDEAS_TABLE is not set'),
    });
    const wrong = { ...environment, DEALLOCATOR_FUNCTION: 'task-deleted' };
    expect(errorOf(() => readEnvironment(wrong))).toMatchObject({
      message: expect.stringMatching(/DEALLOCATOR_FUNCTION is "task-deleted", allowed: hackathon-updated, .*, sweep;/),
    });
    expect(IDEAS_TABLE).toBeDefined();
  });
});

describe('the outputs of a stack', () => {
  it('say its names, and the rule that reports depend on', () => {
    fc.assert(
      fc.property(names, (deployed) => {
        const { receiptDays } = DEFAULT_RULES;
        const told = { ...deployed, rules: { ...deployed.rules, receiptDays } };
        expect(readOutputs('Shop', writeOutputs(deployed))).toEqual(told);
      }),
    );
  });

  it.each(EXAMPLES.map((lifecycle) => [Object.keys(lifecycle.kinds).join(), lifecycle] as const))(
    'name the tables of any kinds: %s',
    (_, lifecycle) => {
      const plan: Plan = planOf(lifecycle);
      const named = Object.fromEntries(Object.keys(plan.tables).map((table) => [table, `Shop-${table}`]));
      const outputs = writeOutputs({
        tables: named as PhysicalNames,
        sweepFunctionName: 'sweep',
        deadLetterQueueUrl: 'queue',
        rules: DEFAULT_RULES,
      });
      expect(readOutputs('Shop', outputs).tables).toEqual(named);
      expect(readOutputs('Shop', { ...outputs, OtherTableName: 'x' }, plan).tables).toEqual(named);
      expect(
        errorOf(() =>
          readOutputs('Shop', outputs, { tables: { ...plan.tables, pets: plan.tables.counters } as Plan['tables'] }),
        ),
      ).toMatchObject({
        code: 'FailedPrecondition',
        message: expect.stringContaining('stack Shop has no output PetsTableName; it has: '),
      });
    },
  );

  it('are those of no deallocator without its counters and receipts', () => {
    const lacking: Record<string, string>[] = [
      {},
      { ServicesTableName: 'S' },
      { CountersTableName: 'C' },
      { OrdersCountersTableName: 'C' },
    ];
    for (const outputs of lacking) {
      expect(errorOf(() => readOutputs('Shop', outputs))).toMatchObject({
        code: 'FailedPrecondition',
        message: expect.stringContaining('stack Shop has no output '),
      });
    }
  });

  it('say the same in a configuration file', () => {
    fc.assert(
      fc.property(names, (deployed) => {
        const outputs = writeOutputs(deployed);
        expect(readConfig('line', JSON.stringify(readNames(outputs))).names).toEqual(readOutputs('Shop', outputs));
      }),
    );
  });

  it('say the same behind a construct’s id, and several deployments are told apart by theirs', () => {
    const prefixed = (prefix: string, outputs: Record<string, string>) =>
      Object.fromEntries(Object.entries(outputs).map(([name, value]) => [prefix + name, value]));
    fc.assert(
      fc.property(names, names, (one, other) => {
        const alone = prefixed('Orders', writeOutputs(one));
        const told = readOutputs('Shop', writeOutputs(one));
        expect(readOutputs('Shop', { ...alone, BucketName: 'b' })).toEqual(told);
        const both = { ...alone, ...prefixed('Other', writeOutputs(other)) };
        expect(readOutputs('Shop/Orders', both)).toEqual(told);
        expect(readOutputs('Shop/Other', both)).toEqual(readOutputs('Shop', writeOutputs(other)));
        for (const asked of ['Shop', 'Shop/Orderss']) {
          expect(errorOf(() => readOutputs(asked, both))).toMatchObject({
            code: 'FailedPrecondition',
            message: expect.stringMatching(/^stack Shop .*; name one of: Shop\/Orders, Shop\/Other$/),
          });
        }
      }),
    );
    expect(splitStackName('arn:aws:cloudformation:eu-west-1:1:stack/Shop/9f')).toEqual([
      'arn:aws:cloudformation:eu-west-1:1:stack/Shop/9f',
    ]);
  });

  it.each(Object.entries(OUTPUTS))('are refused by name where %s is anything but %s', (output, allowed) => {
    fc.assert(
      fc.property(names, anyText, (deployed, said) => {
        const error = errorOf(() => readOutputs('Shop', { ...writeOutputs(deployed), [output]: said }));
        const refusal = {
          code: 'InvalidArgument',
          message: expect.stringContaining(`the deployment's rule ${output} is "${said}", allowed: `),
        };
        expect(error).toEqual(allowed.test(said) ? undefined : expect.objectContaining(refusal));
      }),
    );
  });

  it('may leave rules out, which then are the defaults', () => {
    expect(readRuleOutputs({})).toEqual(DEFAULT_RULES);
    expect(readRuleOutputs({ GracePeriodSeconds: '1.5' })).toEqual({ ...DEFAULT_RULES, gracePeriodMillis: 1500 });
  });
});
