/** What happened in a wave, in the order in which we saw it, and how often each kind of thing. */
export class Journal {
  readonly #lines: { readonly about: string; readonly text: string }[] = [];
  readonly #counts = new Map<string, number>();

  /** @param about the prefix of the schedule that it concerns; '' for all */
  write(about: string, text: string): void {
    this.#lines.push({ about, text });
  }

  count(kind: string, by = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + by);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Numbered, with what concerns everybody. */
  story(about: string): readonly string[] {
    const lines = this.#lines.filter((line) => line.about === about || line.about === '');
    return lines.map(({ text }, index) => `${index + 1}. ${text}`);
  }
}
