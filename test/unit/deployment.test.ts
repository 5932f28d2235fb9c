/** Names and rules survive being written and read, and every text that says none is refused: for any deployment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../bin/cli/config.ts';
import { readNames } from '../../bin/synthesize.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import {
  forTables,
  readEnvironment,
  readOutputs,
  readRuleOutputs,
  writeEnvironment,
  writeOutputs,
} from '../../lib/streams/deployment.ts';

const text = fc.string({ minLength: 1 });
const tables = fc.record(forTables(() => text));
/** Those that the construct lets through, whose durations are whole seconds and days. */
const rules: fc.Arbitrary<Rules> = fc.record({
  taskIsGone: fc.constantFrom('deleted', 'terminal'),
  gracePeriodMillis: fc.nat({ max: 30 * 24 * 60 * 60 }).map((seconds) => seconds * 1000),
  stopTasks: fc.boolean(),
  taskNetworks: fc.boolean(),
  receiptDays: fc.integer({ min: 1, max: 3650 }),
});
const environments = fc.record({
  tables,
  rules,
  functionName: text,
  metricsNamespace: text,
  logLevel: fc.constantFrom('INFO', 'WARN', 'ERROR'),
});
const names = fc.record({ tables, sweepFunctionName: text, deadLetterQueueUrl: text, rules });

/** Whole numbers, decimals, words in every spelling, and anything else. */
const anyText = fc.oneof(
  fc.string(),
  fc.nat().map(String),
  fc.double().map(String),
  fc.mixedCase(fc.constantFrom('deleted', 'terminal', 'yes', 'no', 'true', 'false', 'info', 'warn', 'error')),
);

/** Said a second time here, on purpose: what each text may be. */
const VARIABLES = {
  TASK_IS_GONE: /^(deleted|terminal)$/,
  GRACE_PERIOD_SECONDS: /^[0-9]{1,9}$/,
  STOP_TASKS: /^(yes|no)$/,
  TASK_NETWORKS: /^(yes|no)$/,
  RECEIPT_DAYS: /^[0-9]{1,9}$/,
  LOG_LEVEL: /^(INFO|WARN|ERROR)$/,
};
const OUTPUTS = {
  TaskIsGone: /^(deleted|terminal)$/,
  TaskNetworks: /^(yes|no|true|false)$/,
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
      fc.property(environments, anyText, (environment, said) => {
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

describe('the outputs of a stack', () => {
  it('say its names, and the rules that reports depend on', () => {
    fc.assert(
      fc.property(names, (deployed) => {
        const { stopTasks, receiptDays } = DEFAULT_RULES;
        const told = { ...deployed, rules: { ...deployed.rules, stopTasks, receiptDays } };
        expect(readOutputs('Shop', writeOutputs(deployed))).toEqual(told);
      }),
    );
  });

  it('say the same in a configuration file', () => {
    fc.assert(
      fc.property(names, (deployed) => {
        const outputs = writeOutputs(deployed);
        expect(readConfig('line', JSON.stringify(readNames(outputs))).names).toEqual(readOutputs('Shop', outputs));
      }),
    );
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
    expect(readRuleOutputs({ TaskNetworks: 'true' })).toEqual({ ...DEFAULT_RULES, taskNetworks: true });
  });
});
