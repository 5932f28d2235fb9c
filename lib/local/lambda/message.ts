/** What the pool and a function's process say to each other. */
export interface InitMessage {
  readonly kind: 'init';
  readonly directory: string;
  /** `file.export`, as Lambda writes it. */
  readonly handler: string;
}

export interface InvokeMessage {
  readonly kind: 'invoke';
  readonly requestId: string;
  readonly functionArn: string;
  readonly deadlineEpochMillis: number;
  readonly payload: string;
}

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type AnswerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'initFailed'; readonly error: FunctionError }
  | { readonly kind: 'result'; readonly payload: string }
  | { readonly kind: 'error'; readonly error: FunctionError };
