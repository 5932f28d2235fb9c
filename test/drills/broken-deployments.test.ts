/** Deployments that are broken in one place each: the selftest names the fault, and says what to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Template } from '../../lib/local/template/assembly.ts';
import type { Check, Fault } from '../../lib/operate/deployed/check.ts';
import type { SelftestResult } from '../../lib/operate/selftest/selftest.ts';
import { call, writeConfig } from '../support/command-line.ts';
import { localBackend } from '../support/local-backend.ts';

type Json = Record<string, unknown>;
interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Json;
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'broken-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const resources = (template: Template, type: string) =>
  Object.entries(template.Resources).flatMap(([id, { Type, Properties = {} }]) =>
    Type === type ? [{ id, properties: Properties as Json }] : [],
  );
const tableOf = (template: Template, name: string): Json => {
  const found = resources(template, 'AWS::DynamoDB::Table').find(({ id }) => id.startsWith(`Deallocator${name}`));
  return found?.properties as Json;
};
const functionOf = (template: Template, name: string) => {
  const all = resources(template, 'AWS::Lambda::Function');
  return all.find(({ properties }) => variablesOf(properties).DEALLOCATOR_FUNCTION === name) as (typeof all)[number];
};
const variablesOf = (properties: Json) => (properties.Environment as { Variables: Json }).Variables;
const mappingOf = (template: Template, name: string): Json => {
  const { id } = functionOf(template, name);
  const found = resources(template, 'AWS::Lambda::EventSourceMapping').find(({ properties }) => {
    return (properties.FunctionName as { Ref?: string }).Ref === id;
  });
  return found?.properties as Json;
};
/** What the role of a function is allowed. */
const statementsOf = (template: Template, name: string): Statement[] => {
  const [roleId] = (functionOf(template, name).properties.Role as { 'Fn::GetAtt': string[] })['Fn::GetAtt'];
  const attached = resources(template, 'AWS::IAM::Policy').filter(({ properties }) =>
    JSON.stringify(properties.Roles).includes(`"${roleId}"`),
  );
  const inline = resources(template, 'AWS::IAM::Role').filter(({ id }) => id === roleId);
  const documents = [
    ...attached.map(({ properties }) => properties.PolicyDocument),
    ...inline.flatMap(({ properties }) =>
      ((properties.Policies ?? []) as Json[]).map(({ PolicyDocument }) => PolicyDocument),
    ),
  ] as { Statement: Statement[] }[];
  return documents.flatMap((document) => document.Statement);
};
const forbid = (template: Template, name: string, action: string, table: string): void => {
  const without = statementsOf(template, name).filter((statement) => {
    const has =
      JSON.stringify(statement.Resource).includes(`Deallocator${table}`) && [statement.Action].flat().includes(action);
    // A statement must have an action; this one is harmless.
    if (has)
      statement.Action = [...[statement.Action].flat().filter((one) => one !== action), 'dynamodb:DescribeTable'];
    return has;
  });
  expect(without.length).toBeGreaterThan(0);
};
const policyOf = (template: Template, table: string) =>
  (tableOf(template, table).ResourcePolicy as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument;
const withoutStatement = (template: Template, table: string, is: (statement: Statement) => boolean): void => {
  const policy = policyOf(template, table);
  const left = policy.Statement.filter((statement) => !is(statement));
  expect(left.length).toBeLessThan(policy.Statement.length);
  policy.Statement = left;
};

interface Broken {
  readonly how: string;
  readonly change: (template: Template) => void;
  /** The check that names it. */
  readonly check: RegExp;
  readonly fault: Fault;
  readonly seen: RegExp;
  readonly fix: RegExp;
}

const BROKEN: readonly Broken[] = [
  {
    how: 'a role that lacks a permission',
    change: (template) => forbid(template, 'task-deleted', 'dynamodb:Query', 'Tasks'),
    check: /^the last task$/,
    fault: 'missing permission',
    seen: /TaskDeleted\S* may not do dynamodb:Query on \S*Tasks\S*: the role of \S+ lacks it/,
    fix: /deploy again/,
  },
  {
    how: 'a mapping that is disabled',
    change: (template) => Object.assign(mappingOf(template, 'service-updated'), { Enabled: false }),
    check: /^mapping of service-updated$/,
    fault: 'disabled mapping',
    seen: /Disabled/,
    fix: /^aws lambda update-event-source-mapping --uuid \S+ --enabled/,
  },
  {
    how: 'a wrong filter',
    change: (template) => {
      const Filters = [{ Pattern: '{"eventName":["INSERT"]}' }];
      Object.assign(mappingOf(template, 'task-deleted'), { FilterCriteria: { Filters } });
    },
    check: /^mapping of task-deleted$/,
    fault: 'wrong filter',
    seen: /INSERT.*REMOVE/,
    fix: /deploy again/,
  },
  {
    how: 'a mapping that loses what fails',
    change: (template) => {
      const mapping = mappingOf(template, 'network-updated');
      Object.assign(mapping, { DestinationConfig: undefined, FunctionResponseTypes: undefined });
    },
    check: /^mapping of network-updated$/,
    fault: 'unsafe mapping',
    seen: /names of failed records.*puts away nothing/,
    fix: /deploy again/,
  },
  {
    how: 'a policy without the key of transactions',
    change: (template) =>
      withoutStatement(template, 'Services', ({ Condition }) =>
        JSON.stringify(Condition ?? {}).includes('EnclosingOperation'),
      ),
    check: /^policy of \S*Services/,
    fault: 'no transaction key',
    seen: /outside of transactions/,
    fix: /^aws dynamodb put-resource-policy .*EnclosingOperation/,
  },
  {
    how: 'a policy that names the roles of a former deployment',
    change: (template) => {
      for (const { Condition } of policyOf(template, 'Networks').Statement) {
        const { ArnNotEquals } = (Condition ?? {}) as { ArnNotEquals?: Json };
        if (ArnNotEquals) ArnNotEquals['aws:PrincipalArn'] = ['arn:aws:iam::000000000000:role/former'];
      }
    },
    check: /^policy of \S*Networks/,
    fault: 'roles of another deployment',
    seen: /denies DeleteItem to task-deleted .*nothing can be deleted/,
    fix: /^aws dynamodb put-resource-policy .*"aws:PrincipalArn":\["arn:aws:iam::000000000000:role\/Deallocator/,
  },
  {
    how: 'a table without its policy',
    change: (template) => Object.assign(tableOf(template, 'Counters'), { ResourcePolicy: undefined }),
    check: /^deletes from \S*Counters/,
    fault: 'delete not denied',
    seen: /done alone, in a transaction, in a batch, by PartiQL/,
    fix: /policy of \S*Counters/,
  },
  {
    how: 'a stream of the wrong view type',
    change: (template) =>
      Object.assign(tableOf(template, 'Services').StreamSpecification as Json, { StreamViewType: 'KEYS_ONLY' }),
    check: /^stream of \S*Services/,
    fault: 'wrong view type',
    seen: /KEYS_ONLY/,
    fix: /StreamEnabled=false.*StreamViewType=NEW_AND_OLD_IMAGES/,
  },
  {
    how: 'a missing index',
    change: (template) => {
      const table = tableOf(template, 'Networks');
      const attributes = table.AttributeDefinitions as { AttributeName: string }[];
      const AttributeDefinitions = attributes.filter(({ AttributeName }) => AttributeName !== 'markedAt');
      Object.assign(table, { GlobalSecondaryIndexes: undefined, AttributeDefinitions });
    },
    check: /^table \S*Networks/,
    fault: 'missing index',
    seen: /no index "marked"/,
    fix: /^aws dynamodb update-table .*"IndexName":"marked"/,
  },
  {
    how: 'a sweep that nothing starts',
    change: (template) => {
      for (const { properties } of resources(template, 'AWS::Events::Rule')) {
        if (properties.ScheduleExpression) properties.State = 'DISABLED';
      }
    },
    check: /^schedule of the sweep$/,
    fault: 'no schedule',
    seen: /is off/,
    fix: /^aws events enable-rule --name/,
  },
  {
    how: 'a function that is told another table',
    change: (template) =>
      Object.assign(variablesOf(functionOf(template, 'attachment-deleted').properties), {
        COUNTERS_TABLE: 'elsewhere',
      }),
    check: /^function attachment-deleted$/,
    fault: 'wrong environment',
    seen: /its table of counters is elsewhere, not \S+Counters/,
    fix: /deploy again/,
  },
  {
    how: 'receipts that never expire',
    change: (template) => Object.assign(tableOf(template, 'Receipts'), { TimeToLiveSpecification: undefined }),
    check: /^time to live of \S*Receipts/,
    fault: 'no time to live',
    seen: /off/,
    fix: /^aws dynamodb update-time-to-live .*AttributeName=expiresAt/,
  },
  {
    how: 'a function that crashes',
    change: (template) =>
      Object.assign(functionOf(template, 'attachment-deleted').properties, { Handler: 'index.nothing' }),
    check: /^a network that is let go$/,
    fault: 'failing function',
    seen: /AttachmentDeleted\S* fails: .*nothing/,
    fix: /^aws logs tail \/aws\/lambda\//,
  },
  {
    how: 'receipts that a function may not put',
    change: (template) => forbid(template, 'sweep', 'dynamodb:PutItem', 'Receipts'),
    check: /^a sweep$/,
    fault: 'missing permission',
    seen: /sweep may not do dynamodb:PutItem on \S*Receipts/,
    fix: /deploy again/,
  },
];

it.each(BROKEN)('the selftest names $how', async ({ change, check, fault, seen, fix }) => {
  const backend = await localBackend({}, undefined, change);
  try {
    const config = join(directory, 'config.json');
    writeConfig(config, backend);
    const { status, stdout } = await call(['selftest', '--config', config, '--within', '4s', '--json']);
    const { checks } = JSON.parse(stdout) as SelftestResult;
    const failed = checks.filter(({ result }: Check) => result === 'failed');
    const told = failed.map(({ name, fault, seen }) => `${name}: ${fault}: ${seen}`).join('\n');
    const named = failed.find((one) => check.test(one.name));
    expect(named, told).toMatchObject({ fault, seen: expect.stringMatching(seen), fix: expect.stringMatching(fix) });
    expect(status).toBe(1);
  } finally {
    await backend.close();
  }
});
