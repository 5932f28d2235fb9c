/** One execution environment: a process that loads a bundle and serves one invocation at a time. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, flushCompileCache, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnswerMessage, FunctionError, InitMessage, InvokeMessage } from './message.ts';

type Handler = (event: unknown, context: unknown) => unknown;

let handler: Handler | undefined;

// Kept for the next process: this file without its types. The bundle is not, because those of temporary assemblies would pile up.
flushCompileCache();
// Node has read it. The function sees only its own variables.
delete process.env.NODE_COMPILE_CACHE;

function answer(message: AnswerMessage): void {
  process.send?.(message);
}

function toFunctionError(thrown: unknown): FunctionError {
  if (thrown instanceof Error || (typeof thrown === 'object' && thrown !== null && 'message' in thrown)) {
    const { name, message, stack } = thrown as Error;
    return { errorType: name ?? 'Error', errorMessage: String(message), trace: (stack ?? '').split('\n') };
  }
  return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

/**
 * A bundle runs as in Lambda's /var/task, with nothing above it. Only its own package.json says whether its .js files are
 * modules, never one of a directory that it happens to lie in.
 */
function isolatePackage(directory: string): void {
  const packagePath = join(directory, 'package.json');
  const type = existsSync(packagePath) ? JSON.parse(readFileSync(packagePath, 'utf8')).type : undefined;
  const format = type === 'module' ? 'module' : 'commonjs';
  const prefix = pathToFileURL(join(directory, '/')).href;
  registerHooks({
    load(url, context, nextLoad) {
      // The directory may itself lie in a package.
      const inside = url.startsWith(prefix) ? url.slice(prefix.length) : '';
      const isOurs = inside.endsWith('.js') && !inside.includes('node_modules/');
      return nextLoad(url, isOurs ? { ...context, format } : context);
    },
  });
}

async function load({ directory, handler: name }: InitMessage): Promise<void> {
  const dot = name.lastIndexOf('.');
  const path = join(directory, name.slice(0, dot));
  const exported = name.slice(dot + 1);
  try {
    isolatePackage(directory);
    const module = createRequire(join(directory, '/'))(path) as Record<string, unknown>;
    const found = module[exported];
    if (typeof found !== 'function') throw new Error(`"${name}" is undefined or not exported`);
    handler = found as Handler;
    answer({ kind: 'ready' });
  } catch (error) {
    answer({ kind: 'initFailed', error: toFunctionError(error) });
  }
}

/** As Lambda's, less what only a client's SDK could have set. */
function createContext(message: InvokeMessage): unknown {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: message.functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: message.requestId,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, message.deadlineEpochMillis - Date.now()),
  };
}

async function invoke(message: InvokeMessage): Promise<void> {
  try {
    const result = await handler?.(JSON.parse(message.payload), createContext(message));
    answer({ kind: 'result', payload: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    answer({ kind: 'error', error: toFunctionError(error) });
  }
}

process.on('message', (message: InitMessage | InvokeMessage) => {
  void (message.kind === 'init' ? load(message) : invoke(message));
});
// The pool is gone, perhaps killed. Nothing else would end this process.
process.on('disconnect', () => process.exit(0));
// The terminal's Ctrl-C does not reach this process group. This is for a signal to the whole session.
process.on('SIGINT', () => {});
