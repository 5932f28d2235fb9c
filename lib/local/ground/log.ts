/** Where a log line goes, with who wrote it. */
export interface LogEntry {
  /** A function's name, or `local` for the local cloud itself. */
  readonly source: string;
  readonly requestId: string | undefined;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

export type Log = (entry: LogEntry) => void;
