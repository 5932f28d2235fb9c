/** One process of a function: it serves one invocation at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { FUNCTION_HEAP_SHARE, FUNCTION_INIT_TIMEOUT_MILLIS, LOG_LINE_CHARACTERS_MAX } from '../ground/limits.ts';
import type { Log } from '../ground/log.ts';
import { killProcess } from '../ground/watched-process.ts';
import type { FunctionProperties } from './functions.ts';
import type { AnswerMessage, FunctionError, InitMessage, InvokeMessage } from './message.ts';

export type Outcome =
  | { readonly ok: true; readonly payload: string }
  | { readonly ok: false; readonly error: FunctionError };

/** runtime.ts, or what it was built to. */
const RUNTIME_PATH = join(import.meta.dirname, `runtime${extname(import.meta.filename)}`);
/** Node's own default. Without it each process spent a third of its start on stripping the types of runtime.ts. */
const COMPILE_CACHE_DIRECTORY = join(tmpdir(), 'node-compile-cache');

function failed(errorType: string, errorMessage: string): Outcome {
  return { ok: false, error: { errorType, errorMessage, trace: [] } };
}

export class ExecutionEnvironment {
  readonly #child: ChildProcess;
  readonly #function: FunctionProperties;
  readonly #log: Log;
  readonly #keepTimedOut: boolean;
  #requestId: string | undefined;
  #settle: ((message: AnswerMessage | undefined) => void) | undefined;
  #alive = true;
  #timedOut = false;

  constructor(
    properties: FunctionProperties,
    environment: Readonly<Record<string, string>>,
    log: Log,
    keepTimedOut = false,
  ) {
    this.#function = properties;
    this.#log = log;
    this.#keepTimedOut = keepTimedOut;
    this.#child = fork(RUNTIME_PATH, [], {
      env: { ...environment, NODE_COMPILE_CACHE: COMPILE_CACHE_DIRECTORY },
      cwd: properties.directory,
      execPath: process.execPath,
      execArgv: [`--max-old-space-size=${Math.floor(properties.memoryMegabytes * FUNCTION_HEAP_SHARE)}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      serialization: 'json',
    });
    this.#child.on('message', (message: AnswerMessage) => this.#settle?.(message));
    this.#child.on('error', () => this.#end());
    this.#child.on('exit', () => this.#end());
    this.#pipe('stdout');
    this.#pipe('stderr');
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Alive, and without an invocation that timed out and runs on. */
  get usable(): boolean {
    return this.#alive && !this.#timedOut;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #end(): void {
    this.#alive = false;
    this.#settle?.(undefined);
  }

  #pipe(stream: 'stdout' | 'stderr'): void {
    const input = this.#child[stream];
    if (input === null) return;
    const tell = (line: string) => {
      for (let start = 0; start === 0 || start < line.length; start += LOG_LINE_CHARACTERS_MAX) {
        const part = line.slice(start, start + LOG_LINE_CHARACTERS_MAX);
        this.#log({ source: this.#function.name, requestId: this.#requestId, stream, line: part });
      }
    };
    // Not node:readline, which also ends a line at U+2028: an id may hold one, and JSON doesn't escape it.
    let rest = '';
    input.setEncoding('utf8');
    input.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) tell(line);
    });
    input.on('end', () => {
      if (rest !== '') tell(rest);
    });
  }

  /** Resolves with undefined when the process has ended, with 'timeout' when it did not answer in time. */
  async #exchange(message: InitMessage | InvokeMessage, timeoutMillis: number) {
    if (!this.#alive) return undefined;
    return await new Promise<AnswerMessage | 'timeout' | undefined>((resolve) => {
      const timer = setTimeout(() => {
        this.#settle = undefined;
        resolve('timeout');
      }, timeoutMillis);
      this.#settle = (answer) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(answer);
      };
      // If sending fails, the channel is closed, and `exit` follows and settles.
      this.#child.send(message, () => {});
    });
  }

  /** Reads an answer that is not a success. Kills the process, unless the handler has thrown and can be asked again. */
  #toFailure(answer: AnswerMessage | undefined, prefix = ''): Outcome {
    if (answer?.kind === 'error') return { ok: false, error: answer.error };
    this.kill();
    if (answer?.kind === 'initFailed') return { ok: false, error: answer.error };
    const { exitCode, signalCode } = this.#child;
    const exit = signalCode === null ? `exit status ${exitCode ?? 'unknown'}` : `signal: ${signalCode}`;
    return failed('Runtime.ExitError', `${prefix}Error: Runtime exited with error: ${exit}`);
  }

  /** Loads the bundle. */
  async init(): Promise<Outcome> {
    const { directory, handler } = this.#function;
    const answer = await this.#exchange({ kind: 'init', directory, handler }, FUNCTION_INIT_TIMEOUT_MILLIS);
    if (answer === 'timeout') {
      this.kill();
      return failed('Sandbox.Timedout', `init did not end within ${FUNCTION_INIT_TIMEOUT_MILLIS} ms`);
    }
    return answer?.kind === 'ready' ? { ok: true, payload: 'null' } : this.#toFailure(answer);
  }

  async invoke(requestId: string, payload: string, timeoutMillis: number): Promise<Outcome> {
    this.#requestId = requestId;
    const deadlineEpochMillis = Date.now() + timeoutMillis;
    const message = { functionArn: this.#function.arn, deadlineEpochMillis, requestId, payload };
    const answer = await this.#exchange({ kind: 'invoke', ...message }, timeoutMillis);
    if (answer === 'timeout') {
      this.#timedOut = true;
      // Its answer has no use any more. It runs on for the writes that it may still do.
      if (this.#keepTimedOut) this.#settle = () => this.kill();
      else this.kill();
      const seconds = (timeoutMillis / 1000).toFixed(2);
      return failed('Sandbox.Timedout', `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`);
    }
    if (answer?.kind === 'result') return { ok: true, payload: answer.payload };
    return this.#toFailure(answer, `RequestId: ${requestId} `);
  }

  kill(): void {
    this.#alive = false;
    this.#child.kill('SIGKILL');
  }

  /** Kills the process and resolves once it is gone. */
  async stop(): Promise<void> {
    this.#alive = false;
    await killProcess(this.#child);
  }
}
