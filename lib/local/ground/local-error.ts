/** Every way in which the local cloud refuses. A code is stable; the message says what, seen, allowed, next. */
export type LocalErrorCode =
  | 'engine.javaMissing'
  | 'engine.javaTooOld'
  | 'engine.notInstalled'
  | 'engine.notStarted'
  | 'assembly.notFound'
  | 'assembly.unknownStack'
  | 'assembly.unknownAsset'
  | 'template.unknownResourceType'
  | 'template.unknownProperty'
  | 'template.invalidProperty'
  | 'template.unknownIntrinsic'
  | 'template.unknownReference'
  | 'template.unsupportedCondition'
  | 'filter.invalidPattern'
  | 'filter.unknownOperator'
  | 'schedule.unsupportedExpression'
  | 'schedule.unsupportedPattern'
  | 'gateway.portInUse'
  | 'gateway.bodyTooLarge'
  | 'stream.unreadable'
  | 'iam.invalidPolicy'
  | 'iam.roleLacks'
  | 'function.unknown'
  | 'function.queueFull'
  | 'cloud.invalidOption'
  | 'cloud.stopped'
  | 'cloud.mappingsPaused'
  | 'cloud.notQuiet';

export class LocalError extends Error {
  readonly code: LocalErrorCode;

  constructor(code: LocalErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'LocalError';
    this.code = code;
  }
}
