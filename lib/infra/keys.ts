/** Customers' keys: which key is meant, and who may use it. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IAlias, IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { refuse } from './refusal.ts';
import { refuseOtherRegion } from './surroundings.ts';

export interface KeyProps {
  /**
   * The KMS key of the functions' log groups; aliases as in `tableEncryptionKey`. The policy of a key of this app lets
   * CloudWatch Logs use it then; the policy of an imported key must allow that already, or the log groups can't be created.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   * @default - encrypted by CloudWatch Logs itself
   */
  readonly logEncryptionKey?: IKey;

  /**
   * The KMS key of the dead-letter queues; aliases as in `tableEncryptionKey`. Functions, pipes and the grantees of
   * `grantOperate` may then use it through SQS, and EventBridge by the key's policy; the policy of an imported key must allow
   * that already. Their messages are pointers into streams, without the users' data. KMS charges for the key and its use.
   * @default - a key that SQS manages
   */
  readonly queueEncryptionKey?: IKey;
}

/** What DynamoDB and SQS do with a key, each on behalf of the caller, who must be allowed it. */
const ACTIONS = {
  /** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html */
  dynamodb: ['Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'],
  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html */
  sqs: ['Decrypt', 'GenerateDataKey'],
} as const;

/** Aliases of aliases do not exist in KMS, but a program can write them. */
const ALIASES_MAX = 5;

/**
 * The key itself. An alias is an `IKey` too, but IAM honors no alias's ARN in a policy: it would deploy, and then everyone be
 * denied. https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html
 */
export function readKey(scope: Construct, property: string, key: IKey): IKey {
  let found = key;
  for (let n = 0; 'aliasTargetKey' in found && n < ALIASES_MAX; n++) found = targetOf(scope, property, found as IAlias);
  const arn = JSON.stringify(Stack.of(scope).resolve(found.keyArn));
  if (arn.includes('alias/')) refuseAlias(scope, property, arn);
  refuseOtherRegion(scope, property, found);
  return found;
}

function targetOf(scope: Construct, property: string, alias: IAlias): IKey {
  try {
    return alias.aliasTargetKey;
  } catch {
    return refuseAlias(scope, property, alias.aliasName);
  }
}

function refuseAlias(scope: Construct, property: string, name: string): never {
  refuse(
    scope,
    `${property} is the alias ${name}, whose key is not known here, and must be a key: IAM's policies can't name an alias; ` +
      'give the key itself (Key.fromKeyArn, or Key.fromLookup, which asks the account for it), or an alias of this app',
  );
}

/** The keys of logs and queues, and what a user of the tables, or of the queues, must be allowed beside them. */
export function readKeys(scope: Construct, tables: Readonly<Record<string, ITable>>, props: KeyProps) {
  const read = (property: keyof KeyProps) => {
    const key = props[property];
    return key && readKey(scope, property, key);
  };
  const queueKey = read('queueEncryptionKey');
  const logKey = read('logEncryptionKey');
  if (queueKey !== undefined) letEventsUse(scope, 'queueEncryptionKey', queueKey);
  if (logKey !== undefined) letLogsUse(scope, 'logEncryptionKey', logKey);
  const tableKeys = Object.entries(tables).map(
    ([name, { encryptionKey: key }]) => key && readKey(scope, `the encryptionKey of tables.${name}`, key),
  );
  return {
    queueKey,
    logKey,
    withTables: keyStatements(scope, 'dynamodb', tableKeys),
    withQueues: keyStatements(scope, 'sqs', [queueKey]),
  };
}

/** The use of the keys through that service alone. Empty where AWS owns or manages them. */
function keyStatements(
  scope: Construct,
  service: keyof typeof ACTIONS,
  keys: readonly (IKey | undefined)[],
): PolicyStatement[] {
  const resources = [...new Set(keys.flatMap((key) => key?.keyArn ?? []))];
  if (resources.length === 0) return [];
  return [
    new PolicyStatement({
      actions: ACTIONS[service].map((action) => `kms:${action}`),
      resources,
      conditions: { StringEquals: { 'kms:ViaService': viaService(scope, service) } },
    }),
  ];
}

/** No page of AWS says which of two names a service has in China. Elsewhere they are the same. */
function viaService(scope: Construct, service: string): string | string[] {
  const { region, urlSuffix } = Stack.of(scope);
  const usual = `${service}.${region}.amazonaws.com`;
  const isKnown = !Token.isUnresolved(region) && !region.startsWith('cn-');
  return isKnown ? usual : [usual, `${service}.${region}.${urlSuffix}`];
}

/**
 * Lets EventBridge put dead letters into a queue that the key encrypts.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
 */
function letEventsUse(scope: Construct, property: string, key: IKey): void {
  const statement = new PolicyStatement({
    principals: [new ServicePrincipal('events.amazonaws.com')],
    actions: ACTIONS.sqs.map((action) => `kms:${action}`),
    resources: ['*'],
  });
  addToKey(scope, property, key, statement, 'EventBridge (events.amazonaws.com)');
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
function letLogsUse(scope: Construct, property: string, key: IKey): void {
  const stack = Stack.of(scope);
  const principal = `logs.${stack.region}.${stack.urlSuffix}`;
  const logGroups = stack.formatArn({ service: 'logs', resource: 'log-group:*' });
  const statement = new PolicyStatement({
    principals: [new ServicePrincipal(principal)],
    actions: ['kms:Decrypt*', 'kms:Describe*', 'kms:Encrypt*', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
    resources: ['*'],
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
  });
  addToKey(scope, property, key, statement, 'CloudWatch Logs (logs.REGION.amazonaws.com)');
}

function addToKey(scope: Construct, property: string, key: IKey, statement: PolicyStatement, who: string): void {
  if (key.addToResourcePolicy(statement, true).statementAdded) return;
  const actions = statement.actions.join(', ');
  Annotations.of(scope).addWarningV2(
    'deallocator:key-policy',
    `${property} is imported, so that its policy can't be changed here; let ${who} use it there (${actions}), or nothing will be written with it`,
  );
}
