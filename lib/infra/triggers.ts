/** What makes the sweep run: a schedule, and each deployment. To start one by hand, invoke the function without input. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface SweepProps {
  /**
   * When the sweep looks for what the streams have lost. A sweep costs what is marked, not what exists: with nothing marked
   * it makes three empty reads, and for each service that is still draining it counts the tasks again, up to one page.
   * @default - every 15 minutes, the longest time a sweep can run: two overlap only after a retry, and without harm
   */
  readonly sweepSchedule?: Schedule;
}

/**
 * A sweep that could not be started or failed is worth little once the next one is due. So EventBridge and Lambda give up
 * early, and put a message into the dead-letter queue.
 */
const START_WITHIN = Duration.minutes(15);
const START_RETRIES = 5;
const RUN_RETRIES = 1;

export function createTriggers(
  scope: Construct,
  sweep: lambda.Function,
  deadLetterQueue: IQueue,
  props: SweepProps,
): void {
  new lambda.EventInvokeConfig(sweep, 'EventInvokeConfig', {
    function: sweep,
    maxEventAge: START_WITHIN,
    retryAttempts: RUN_RETRIES,
    // Not SqsDestination, which grants more than the function's role needs.
    onFailure: { bind: () => ({ destination: deadLetterQueue.queueArn }) },
  });

  const targetFor = (trigger: 'schedule' | 'deployment') =>
    new LambdaFunction(sweep, {
      event: RuleTargetInput.fromObject({ trigger }),
      maxEventAge: START_WITHIN,
      retryAttempts: START_RETRIES,
      deadLetterQueue,
    });

  new Rule(scope, 'SweepSchedule', {
    description: 'Deallocator: sweeps for what the streams have lost',
    enabled: true,
    schedule: props.sweepSchedule ?? Schedule.rate(Duration.minutes(15)),
    targets: [targetFor('schedule')],
  });

  // CloudFormation tells EventBridge when this stack is done. A custom resource (the CDK's Trigger) would run the sweep
  // within the deployment, but needs a function and a role of its own, and a failed sweep would roll back the stack.
  // A rule may take a minute to work, so the first deployment can go unnoticed: nothing is marked then.
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
  new Rule(scope, 'SweepDeployment', {
    description: 'Deallocator: sweeps after each deployment of its stack',
    enabled: true,
    eventPattern: {
      source: ['aws.cloudformation'],
      detailType: ['CloudFormation Stack Status Change'],
      detail: {
        'stack-id': [Stack.of(scope).stackId],
        'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'] },
      },
    },
    targets: [targetFor('deployment')],
  });
}
