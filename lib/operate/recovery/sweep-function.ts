/** The deployed sweep function, by Lambda's Invoke. */
import type { Connection } from '../../dynamodb/client.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { CONNECT_TIMEOUT_MILLIS } from '../../protocol/limits.ts';
import type { SweepAnswer, SweepRequest } from '../../streams/sweep-requested.ts';
import type { SweepPort } from './settle-parents.ts';

/** A sweep may be repeated at will, so a lost answer does no harm. */
const INVOKE_TRIES_MAX = 3;
/** Lambda ends every function after 15 minutes, so its answer, that of a timeout included, comes before this. */
const ANSWER_TIMEOUT_MILLIS = 16 * 60 * 1000;

/** Each call opens its own connection: calls are few, and each may take minutes. */
export function openSweepFunction(
  connection: Connection,
  functionName: string | undefined,
  signal: AbortSignal,
): SweepPort {
  return {
    async invoke(request: SweepRequest): Promise<SweepAnswer> {
      if (functionName === undefined) {
        throw new DeallocatorError(
          'FailedPrecondition',
          'the name of the sweep function is not known; add sweepFunctionName to the configuration, or SweepFunctionName to the outputs of the stack',
        );
      }
      // Late, so that only a command that sweeps waits for this client to load.
      const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
      const lambda = new LambdaClient({
        ...connection,
        maxAttempts: INVOKE_TRIES_MAX,
        requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MILLIS, requestTimeout: ANSWER_TIMEOUT_MILLIS },
      });
      try {
        const command = new InvokeCommand({
          FunctionName: functionName,
          Payload: Buffer.from(JSON.stringify(request)),
        });
        const { FunctionError, Payload } = await lambda.send(command, { abortSignal: signal });
        const answer = Payload === undefined ? '' : Buffer.from(Payload).toString();
        if (FunctionError === undefined) return JSON.parse(answer) as SweepAnswer;
        throw failed(functionName, answer);
      } finally {
        lambda.destroy();
      }
    },
  };
}

function failed(functionName: string, answer: string): DeallocatorError {
  const { errorType = 'Error', errorMessage = answer } = JSON.parse(answer || '{}') as Record<string, string>;
  return new DeallocatorError(
    'Unavailable',
    `the sweep function ${functionName} failed: ${errorType}: ${errorMessage}; its log has more; sweep again`,
  );
}
