/**
 * What Lambda itself does by a function's role: it writes the log, reads the mapping's stream, and sends dead letters. Checked
 * when the template is deployed. AWS checks mappings and destinations then, too; without permission a log would just be missing.
 */
import { LocalError } from './ground/local-error.ts';
import type { Authorizer } from './iam/authorizer.ts';
import type { Need } from './iam/requests.ts';
import type { InvokeConfig } from './lambda/async-invocation.ts';
import type { FunctionProperties } from './lambda/functions.ts';
import type { MappingProperties } from './streams/mapping-properties.ts';
import { ACCOUNT_ID, REGION } from './template/intrinsics.ts';

function logNeeds({ logGroup, name }: FunctionProperties): Need[] {
  const resource = `arn:aws:logs:${REGION}:${ACCOUNT_ID}:log-group:${logGroup}:log-stream:${name}`;
  return ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({ action, resource }));
}

/**
 * `ListStreams` asks the table for its streams, as in AWS's own example:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html
 */
function streamNeeds({ streamArn }: MappingProperties): Need[] {
  const reads = ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'];
  return [
    ...reads.map((action) => ({ action, resource: streamArn })),
    { action: 'dynamodb:ListStreams', resource: streamArn.replace(/\/stream\/.*$/s, '/stream/*') },
  ];
}

function sendNeeds(queueArn: string | undefined): Need[] {
  return queueArn === undefined ? [] : [{ action: 'sqs:SendMessage', resource: queueArn }];
}

/** Throws `iam.roleLacks` for the first thing that a role does not allow. */
export async function checkExecutionRoles(
  authorizer: Authorizer,
  functions: readonly FunctionProperties[],
  mappings: readonly MappingProperties[],
  invokeConfigs: readonly InvokeConfig[],
): Promise<void> {
  for (const properties of functions) {
    const keys = [properties.logicalId, properties.name, properties.arn];
    const isOf = ({ functionKey }: { readonly functionKey: string }) => keys.includes(functionKey);
    const own = mappings.filter(isOf);
    const denial = await authorizer.findDenial(properties.logicalId, [
      ...logNeeds(properties),
      ...own.flatMap(streamNeeds),
      ...sendNeeds(properties.deadLetterArn),
      ...[...own, ...invokeConfigs.filter(isOf)].flatMap(({ onFailureArn }) => sendNeeds(onFailureArn)),
    ]);
    if (denial === undefined) continue;
    throw new LocalError('iam.roleLacks', `function "${properties.logicalId}" can't work: ${denial}; grant it`);
  }
}
