/** Where the demo draws: bars in a terminal, plain lines anywhere else. */

export interface Drain {
  readonly name: string;
  readonly tasks: number;
  left: number;
  isGone: boolean;
}

export interface Screen {
  /** How wide it is: texts are folded to it. */
  readonly columns: number;
  line(text?: string): void;
  /** Begins a step that takes its time. @param making what it makes */
  begin(title: string, making: string): void;
  /** Ends it, and says how it went. */
  end(title: string, outcome: string, millis: number): void;
  /** Ends whatever moves, after a step that failed too. */
  stopStep(): void;
  /** From here to `closeDrains` nothing but `event` and `update` may be called. */
  openDrains(drains: readonly Drain[]): void;
  event(text: string): void;
  update(drains: readonly Drain[], counters: string): void;
  closeDrains(): void;
}
