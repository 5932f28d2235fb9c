/**
 * Deployments of kinds of one's own. What is expected follows from the declarations by hand, and not from the plan: who may touch what,
 * what is denied to everybody, and that all of it fits into what AWS takes.
 */
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { Deallocator } from '../../lib/infra/index.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { findings } from './findings.ts';
import { createWorld, permissions } from './world.ts';

interface Expected {
  readonly lifecycle: Lifecycle;
  /** Tables of what something depends on. */
  readonly guarded: readonly string[];
  /** Tables of what nothing depends on: its users delete it. */
  readonly leaves: readonly string[];
  readonly hasAttachments: boolean;
  readonly functions: readonly string[];
  /** Of each guarded table, the functions that may delete from it. */
  readonly deletes: Readonly<Record<string, readonly string[]>>;
}

const EXAMPLES: Readonly<Record<string, Expected>> = {
  IDEAS: {
    lifecycle: IDEAS,
    guarded: ['hackathons', 'categories', 'ideas'],
    leaves: ['comments'],
    hasAttachments: true,
    functions: ['hackathon-updated', 'category-updated', 'idea-updated', 'comment-updated', 'attachment-deleted'],
    deletes: {
      // It depends on nothing itself, so that it goes along with the last category or idea that kept it.
      hackathons: ['hackathon-updated', 'category-updated', 'idea-updated', 'attachment-deleted', 'sweep'],
      categories: ['category-updated', 'attachment-deleted', 'sweep'],
      ideas: ['idea-updated', 'attachment-deleted', 'sweep'],
    },
  },
  SANDBOX: {
    lifecycle: SANDBOX,
    guarded: ['blueprints', 'leaseTemplates'],
    leaves: ['leases'],
    hasAttachments: true,
    functions: ['blueprint-updated', 'lease-template-updated', 'lease-updated', 'attachment-deleted'],
    deletes: {
      // A blueprint goes along with the last lease template that named it.
      blueprints: ['blueprint-updated', 'lease-template-updated', 'attachment-deleted', 'sweep'],
      leaseTemplates: ['lease-template-updated', 'attachment-deleted', 'sweep'],
    },
  },
  CHATBOT: {
    lifecycle: CHATBOT,
    guarded: ['workspaces'],
    leaves: ['documents'],
    hasAttachments: false,
    functions: ['workspace-updated', 'document-deleted'],
    deletes: { workspaces: ['workspace-updated', 'document-deleted', 'sweep'] },
  },
  SWARMKIT_ALL: {
    lifecycle: SWARMKIT_ALL,
    guarded: ['services', 'networks', 'secrets', 'configs', 'volumes'],
    leaves: ['tasks'],
    hasAttachments: true,
    functions: [
      ...['service-updated', 'task-deleted', 'network-updated', 'secret-updated', 'config-updated', 'volume-updated'],
      'attachment-deleted',
    ],
    deletes: {
      services: ['service-updated', 'task-deleted', 'sweep'],
      ...Object.fromEntries(
        ['network', 'secret', 'config', 'volume'].map((kind) => [
          `${kind}s`,
          ['service-updated', 'task-deleted', `${kind}-updated`, 'attachment-deleted', 'sweep'],
        ]),
      ),
    },
  },
};

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
}

const GRANTS = ['grantRead', 'grantWrite', 'grantOperate'] as const;

/** The longest that an ARN can be, in the place of each reference. */
const longest = (_: string, value: unknown) => {
  const reference = typeof value === 'object' && value !== null && ('Fn::GetAtt' in value || 'Ref' in value);
  return reference ? `arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/${'x'.repeat(128)}` : value;
};

describe.each(Object.entries(EXAMPLES))('a deployment of %s', (_, expected) => {
  const world = createWorld({ lifecycle: expected.lifecycle });
  const { deallocator } = world;
  const own = ['counters', 'receipts', ...(expected.hasAttachments ? ['attachments'] : [])];
  const tables = [...expected.guarded, ...expected.leaves, ...own];
  const propertiesOf = (table: string) =>
    world.propertiesOf((deallocator.tables as Deallocator['tables'])[table] as never);
  const denied = (table: string) =>
    (propertiesOf(table) as { ResourcePolicy: { PolicyDocument: { Statement: readonly Statement[] } } }).ResourcePolicy
      .PolicyDocument.Statement;
  const roles = Object.fromEntries(
    GRANTS.map((grant) => {
      const role = new Role(world.stack, grant, { assumedBy: new AccountRootPrincipal() });
      deallocator[grant](role).assertSuccess();
      return [grant, role];
    }),
  ) as Record<(typeof GRANTS)[number], Role>;
  const granted = (grant: (typeof GRANTS)[number]) => permissions(world.statementsOf(roles[grant]));
  const all = [...expected.functions, 'sweep'];

  it('has these tables and functions, and no others', () => {
    expect(Object.keys(deallocator.tables).sort()).toEqual([...tables].sort());
    expect(Object.keys(deallocator.functions)).toEqual(all);
    world.template.resourceCountIs('AWS::DynamoDB::Table', tables.length);
    world.template.resourceCountIs('AWS::Lambda::EventSourceMapping', expected.functions.length);
  });

  it('has an index over the marks of what is guarded, and of nothing else', () => {
    const indexed = tables.filter((table) => propertiesOf(table).GlobalSecondaryIndexes !== undefined);
    expect(indexed.sort()).toEqual([...expected.guarded].sort());
  });

  it('has both images in the stream of each kind, and keys in that of the attachments', () => {
    const viewOf = (table: string) =>
      (propertiesOf(table).StreamSpecification as { StreamViewType: string } | undefined)?.StreamViewType;
    for (const table of [...expected.guarded, ...expected.leaves])
      expect(viewOf(table), table).toBe('NEW_AND_OLD_IMAGES');
    if (expected.hasAttachments) expect(viewOf('attachments')).toBe('KEYS_ONLY');
    expect([viewOf('counters'), viewOf('receipts')]).toEqual([undefined, undefined]);
  });

  it.each(Object.entries(expected.deletes))(
    'lets nobody delete from %s but %j, in transactions',
    (table, functions) => {
      const deleting = all.filter((name) => world.rolePermissions(name)[table]?.includes('dynamodb:DeleteItem'));
      expect([...deleting].sort()).toEqual([...functions].sort());
      expect(denied(table).map(({ Sid }) => Sid)).toEqual([
        'OnlyTheDeallocatorDeletes',
        'DeletesOnlyInTransactions',
        'NoOtherWayToDelete',
        'NoReplicas',
      ]);
      for (const grant of GRANTS) {
        expect(granted(grant)[table]?.join()).not.toMatch(/Delete|BatchWrite/);
      }
    },
  );

  it.each(expected.leaves)('leaves it to the users to delete from %s, and does not do it itself', (table) => {
    expect(denied(table).map(({ Sid }) => Sid)).toEqual(['TheTableStays', 'NoReplicas']);
    expect(all.filter((name) => /Delete|BatchWrite/.test(String(world.rolePermissions(name)[table])))).toEqual([]);
    expect(granted('grantWrite')[table]).toContain('dynamodb:BatchWriteItem');
  });

  it('lets no function but the sweep read a table whole, and none change a receipt', () => {
    for (const name of all) {
      const may = world.rolePermissions(name);
      expect(name !== 'sweep' && Object.values(may).flat().includes('dynamodb:Scan'), name).toBe(false);
      expect(may.receipts ?? ['dynamodb:PutItem'], name).toEqual(['dynamodb:PutItem']);
      const strange = Object.keys(may).filter((resource) => JSON.stringify(resource).includes('*') && resource !== '*');
      expect(strange).toEqual([]);
    }
  });

  it('writes to the users’ items only where it marks the time, tells what was declared, or deletes', () => {
    const told = Object.values(expected.lifecycle.kinds).flatMap(({ table, dependsOn = [] }) =>
      dependsOn.some(({ onDelete }) => typeof onDelete === 'object') ? [table] : [],
    );
    for (const name of all) {
      const may = world.rolePermissions(name);
      for (const table of expected.leaves) {
        expect(may[table]?.includes('dynamodb:PutItem') ?? false, `${name} ${table}`).toBe(false);
        if (!told.includes(table)) expect(may[table]?.includes('dynamodb:UpdateItem') ?? false, name).toBe(false);
      }
      for (const table of expected.guarded) expect(may[table]?.includes('dynamodb:PutItem') ?? false).toBe(false);
    }
  });

  it('fits into what IAM, DynamoDB and Lambda take, with the longest names', () => {
    const sizes = (type: string, of: (properties: Record<string, unknown>) => unknown) =>
      Object.values(world.template.findResources(type)).map(
        ({ Properties }) => JSON.stringify(of(Properties), longest)?.length ?? 0,
      );
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    expect(Math.max(...sizes('AWS::IAM::Policy', ({ PolicyDocument }) => PolicyDocument))).toBeLessThan(10_240);
    expect(Math.max(...sizes('AWS::DynamoDB::Table', ({ ResourcePolicy }) => ResourcePolicy))).toBeLessThan(20_480);
    const environments = Object.values(world.template.findResources('AWS::Lambda::Function')).map(({ Properties }) => {
      const variables = Properties.Environment.Variables as Record<string, unknown>;
      return Object.entries(variables).reduce(
        (sum, [name, value]) => sum + name.length + (typeof value === 'string' ? value.length : 128),
        0,
      );
    });
    expect(Math.max(...environments)).toBeLessThan(4096);
  });

  it('has an alarm for each function, and for the malformed marks of each guarded kind', () => {
    const alarms = Object.values(world.template.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => Properties.MetricName as string,
    );
    const count = (metric: string) => alarms.filter((one) => one === metric).length;
    expect([count('IteratorAge'), count('Errors')]).toEqual([expected.functions.length, expected.functions.length]);
    expect(count('MalformedMarks')).toBe(expected.guarded.length);
  });
});

describe('what stands in policies and on the page of', () => {
  it('IDEAS: a comment’s function reads comments, and puts and deletes attachments', () => {
    const { rolePermissions } = createWorld({ lifecycle: IDEAS });
    const { comments, attachments, ...others } = rolePermissions('comment-updated');
    const named = (...actions: string[]) => actions.map((action) => `dynamodb:${action}`).sort();
    expect(comments).toEqual(named('BatchGetItem', 'ConditionCheckItem', 'GetItem'));
    expect(attachments).toEqual(named('BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem'));
    expect(Object.keys(others).sort()).toEqual(['*', 'comment-updated/logs', 'comments/stream', 'queue']);
  });

  it('CHATBOT: a record of a workspace wakes where its sort key is the constant', () => {
    const { mappingOf } = createWorld({ lifecycle: CHATBOT });
    const patterns = (name: string) =>
      (mappingOf(name).FilterCriteria as { Filters: { Pattern: string }[] }).Filters.map(({ Pattern }) =>
        JSON.parse(Pattern),
      );
    const keys = { Keys: { object_type: { S: ['workspace'] } } };
    expect(patterns('workspace-updated')[0]).toEqual({
      dynamodb: { ...keys, NewImage: { pendingDelete: { BOOL: [true] } } },
    });
    expect(patterns('document-deleted')).toEqual([{ eventName: ['REMOVE'] }]);
  });

  it('SWARMKIT_ALL: the dashboard counts the deletions of each guarded kind', () => {
    const { template } = createWorld({ lifecycle: SWARMKIT_ALL });
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const body = JSON.stringify(dashboard?.Properties.DashboardBody);
    for (const kind of ['service', 'network', 'secret', 'config', 'volume'])
      expect(body).toContain(`Deleted, ${kind}: by`);
    expect(body).not.toContain('Deleted, task');
  });
});

describe('the checks that SwarmKit’s deployment passes', () => {
  beforeAll(() => void vi.stubEnv('CDK_VALIDATION', 'true'));
  afterAll(() => void vi.unstubAllEnvs());

  it.each(Object.entries(EXAMPLES))('find nothing in one of %s', (_, { lifecycle }) => {
    expect(findings(AwsSolutionsChecks, (stack) => new Deallocator(stack, 'Deallocator', { lifecycle }))).toEqual([]);
  });

  it('two deployments of other kinds know nothing of each other in one stack', () => {
    const stack = new Stack(new App(), 'Both');
    new Deallocator(stack, 'Ideas', { lifecycle: IDEAS });
    new Deallocator(stack, 'Sandbox', { lifecycle: SANDBOX });
    Template.fromStack(stack).hasOutput('IdeasHackathonsTableName', Match.anyValue());
    Template.fromStack(stack).hasOutput('SandboxLeaseTemplatesTableName', Match.anyValue());
  });
});
