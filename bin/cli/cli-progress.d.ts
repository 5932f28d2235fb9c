/** The little of cli-progress that is used here; the package brings no types. */
declare module 'cli-progress' {
  interface Bar {
    update(value: number, payload?: Record<string, unknown>): void;
  }
  interface Options {
    readonly format?: string;
    readonly stream?: NodeJS.WritableStream;
    readonly fps?: number;
    readonly barsize?: number;
    readonly barCompleteChar?: string;
    readonly barIncompleteChar?: string;
    readonly hideCursor?: boolean;
    readonly linewrap?: boolean;
    readonly forceRedraw?: boolean;
    readonly clearOnComplete?: boolean;
    readonly emptyOnZero?: boolean;
    readonly gracefulExit?: boolean;
  }
  class MultiBar {
    constructor(options: Options);
    create(total: number, value: number, payload?: Record<string, unknown>, options?: Options): Bar;
    /** Above the bars, at the next redraw. Must end with a line feed. */
    log(text: string): void;
    update(): void;
    stop(): void;
  }
  const cliProgress: { readonly MultiBar: typeof MultiBar };
  export default cliProgress;
}
