/** Keys of one's own: whichever construct stands for a key, the policies name the key itself. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';

const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/5f0c0b3e-6a1b-4e0e-9d0c-2f6f3a1f0c11';
const ALIAS_ARN = 'arn:aws:kms:eu-central-1:111122223333:alias/shop';
const KEY_PROPS = ['tableEncryptionKey', 'queueEncryptionKey', 'logEncryptionKey'] as const;
const env = { account: '111122223333', region: 'eu-central-1' };

function deploy(props: (stack: Stack) => DeallocatorProps, where: { region?: string; account?: string } = env) {
  const app = new App();
  const stack = new Stack(app, 'Keys', { env: where });
  const deallocator = new Deallocator(stack, 'Deallocator', props(stack));
  return { app, stack, deallocator };
}

/** Every statement of every role that names an action of KMS. */
function kmsStatements(template: Template): { Action: string | string[]; Resource: unknown; Condition: object }[] {
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter((one) => JSON.stringify(one).includes('"kms:Decrypt"'));
}

describe('an alias', () => {
  test.each(KEY_PROPS)('of the app as %s stands for its key', (property) => {
    let key: Key | undefined;
    const { stack } = deploy((of) => {
      key = new Key(of, 'Key');
      return { [property]: new Alias(of, 'Alias', { aliasName: 'alias/shop', targetKey: key }) };
    });
    const template = Template.fromStack(stack);
    const arn = stack.resolve(key?.keyArn);
    for (const { Resource } of kmsStatements(template)) expect(Resource).toEqual(arn);
    const { AliasName: _, ...alias } = Object.values(template.findResources('AWS::KMS::Alias'))[0]?.Properties ?? {};
    expect(alias).toEqual({ TargetKeyId: arn });
    expect(JSON.stringify(template.toJSON()).match(/alias\/shop/g)).toHaveLength(1);
  });

  const unknown: [what: string, import_: (stack: Stack) => IKey][] = [
    ['imported by its name', (stack) => Alias.fromAliasName(stack, 'Alias', 'alias/shop')],
    ['given as the ARN of a key', (stack) => Key.fromKeyArn(stack, 'Alias', ALIAS_ARN)],
    [
      'whose target is an alias',
      (stack) =>
        Alias.fromAliasAttributes(stack, 'Alias', {
          aliasName: 'alias/other',
          aliasTargetKey: Alias.fromAliasName(stack, 'Target', 'alias/shop'),
        }),
    ],
  ];
  test.each(unknown)('%s is refused wherever a key is taken, for IAM honors none', (_, import_) => {
    for (const property of KEY_PROPS) {
      expect(() => deploy((stack) => ({ [property]: import_(stack) }))).toThrow(
        new RegExp(`^Keys/Deallocator: ${property} is the alias .*shop.*, .*must be a key.*; give the key itself`),
      );
    }
  });

  test('of a table that is brought is looked through too, or refused', () => {
    const bring = (key: (stack: Stack) => IKey) =>
      deploy((stack) => ({
        tables: {
          counters: new Table(stack, 'T', {
            partitionKey: { name: 'id', type: AttributeType.STRING },
            encryption: TableEncryption.CUSTOMER_MANAGED,
            encryptionKey: key(stack),
          }),
        },
      }));
    const { stack } = bring((of) => new Alias(of, 'A', { aliasName: 'alias/shop', targetKey: new Key(of, 'Key') }));
    const statements = kmsStatements(Template.fromStack(stack));
    expect(statements).toHaveLength(5);
    for (const { Resource } of statements) {
      expect(Resource).toEqual(stack.resolve((stack.node.findChild('Key') as Key).keyArn));
    }
    expect(() => bring((of) => Alias.fromAliasName(of, 'A', 'alias/shop'))).toThrow(
      /the encryptionKey of tables.counters is the alias alias\/shop/,
    );
  });
});

test('a key of another Region is refused', () => {
  const arn = KEY_ARN.replace('eu-central-1', 'eu-west-1');
  expect(() => deploy((stack) => ({ tableEncryptionKey: Key.fromKeyArn(stack, 'Key', arn) }))).toThrow(
    /tableEncryptionKey is in the Region eu-west-1/,
  );
});

describe('a key of this app', () => {
  test('lets EventBridge write to the queues, and CloudWatch Logs to the log groups of this account', () => {
    const { stack, deallocator } = deploy((of) => ({
      queueEncryptionKey: new Key(of, 'Queues'),
      logEncryptionKey: new Key(of, 'Logs'),
      eventBus: new EventBus(of, 'Bus'),
    }));
    const operator = new Role(stack, 'Operator', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    deallocator.grantOperate(operator);
    const template = Template.fromStack(stack);
    const keys = Object.entries(template.findResources('AWS::KMS::Key'));
    const ofKey = (id: string) =>
      keys.filter(([name]) => name.startsWith(id)).flatMap(([, one]) => one.Properties.KeyPolicy.Statement.slice(1));
    expect(ofKey('Queues')).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: '*',
      },
    ]);
    expect(ofKey('Logs')).toMatchObject([
      {
        Principal: { Service: { 'Fn::Join': ['', ['logs.eu-central-1.', { Ref: 'AWS::URLSuffix' }]] } },
        Condition: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': {
              'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':logs:eu-central-1:111122223333:log-group:*']],
            },
          },
        },
      },
    ]);
    template.allResourcesProperties('AWS::Logs::LogGroup', {
      KmsKeyId: stack.resolve((stack.node.findChild('Logs') as Key).keyArn),
    });
    template.allResourcesProperties('AWS::SQS::Queue', {
      KmsMasterKeyId: stack.resolve((stack.node.findChild('Queues') as Key).keyArn),
    });
    // Five functions and the pipes send; the operator only receives.
    const viaQueues = kmsStatements(template).filter((one) =>
      JSON.stringify(one.Condition).includes('sqs.eu-central-1'),
    );
    expect(viaQueues.map(({ Action }) => Action).filter((one) => one === 'kms:Decrypt')).toHaveLength(1);
    expect(viaQueues).toHaveLength(7);
  });

  test('that is imported is warned of: its policy is out of reach', () => {
    const { stack } = deploy((of) => {
      const key = Key.fromKeyArn(of, 'Key', KEY_ARN);
      return { queueEncryptionKey: key, logEncryptionKey: key, tableEncryptionKey: key };
    });
    const warnings = Annotations.fromStack(stack).findWarning(
      '*',
      Match.stringLikeRegexp("its policy can't be changed"),
    );
    expect(warnings.map(({ entry }) => String(entry.data).split(' ')[0]).sort()).toEqual([
      'logEncryptionKey',
      'queueEncryptionKey',
    ]);
  });
});

test.each([
  ['eu-central-1', 'dynamodb.eu-central-1.amazonaws.com'],
  ['us-gov-west-1', 'dynamodb.us-gov-west-1.amazonaws.com'],
  ['cn-north-1', ['dynamodb.cn-north-1.amazonaws.com', 'dynamodb.cn-north-1.amazonaws.com.cn']],
])('in %s a key is used through %s', (region, service) => {
  const { stack } = deploy((of) => ({ tableEncryptionKey: new Key(of, 'Key') }), { region });
  const suffix = JSON.stringify({ 'Fn::Join': ['', [`dynamodb.${region}.`, { Ref: 'AWS::URLSuffix' }]] });
  for (const { Condition } of kmsStatements(Template.fromStack(stack))) {
    const text = JSON.stringify(Condition).replace(suffix, '"dynamodb.cn-north-1.amazonaws.com.cn"');
    expect(JSON.parse(text)).toEqual({ StringEquals: { 'kms:ViaService': service } });
  }
});
