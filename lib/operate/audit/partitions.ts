/**
 * Facts sorted into partitions by a key, so that facts of one key meet, however many there are: a partition at a time fits in
 * memory. Small amounts stay there; larger ones are written to files in a temporary folder, which only this user can read.
 */
import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeallocatorError } from '../../protocol/errors.ts';
import { linesOf } from '../lines.ts';

/** A ten-millionth item brings a partition to a hundred thousand: some tens of megabytes. */
const PARTITIONS = 128;
/** Characters that are held before all partitions are written: at most two bytes each, and as much again for their strings. */
export const HELD_CHARACTERS_MAX = 16_000_000;

export class Partitions<Fact> {
  readonly #held: string[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly #heldCharactersMax: number;
  #characters = 0;
  #folder: string | undefined;
  /** One write after the other, whoever asks for it. */
  #written: Promise<void> = Promise.resolve();

  constructor(heldCharactersMax = HELD_CHARACTERS_MAX) {
    this.#heldCharactersMax = heldCharactersMax;
  }

  /** Facts of one key come back in one partition, in the order in which they were added. */
  add(key: string, fact: Fact): void {
    const line = JSON.stringify(fact);
    this.#held[partitionOf(key)]?.push(line);
    this.#characters += line.length;
  }

  /** Resolves once there is room for more. */
  room(): Promise<void> {
    this.#written = this.#written.then(() => (this.#characters > this.#heldCharactersMax ? this.#write() : undefined));
    return this.#written;
  }

  /** Each partition may be read several times. */
  *all(): Generator<() => AsyncGenerator<Fact, void>> {
    for (let place = 0; place < PARTITIONS; place++) yield () => this.#read(place);
  }

  async close(): Promise<void> {
    await this.#written.catch(() => {});
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async *#read(place: number): AsyncGenerator<Fact, void> {
    if (this.#folder !== undefined) {
      const file = createReadStream(this.#fileOf(this.#folder, place), { encoding: 'utf8' });
      // A partition of which nothing was written has no file.
      const lines = linesOf(file);
      try {
        for await (const line of lines) yield JSON.parse(line) as Fact;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    for (const line of this.#held[place] ?? []) yield JSON.parse(line) as Fact;
  }

  async #write(): Promise<void> {
    try {
      this.#folder ??= await mkdtemp(join(tmpdir(), 'deallocator-audit-'));
      for (const [place, lines] of this.#held.entries()) {
        if (lines.length === 0) continue;
        this.#held[place] = [];
        this.#characters -= lines.reduce((sum, line) => sum + line.length, 0);
        await appendFile(this.#fileOf(this.#folder, place), `${lines.join('\n')}\n`);
      }
    } catch (cause) {
      throw new DeallocatorError(
        'FailedPrecondition',
        `what was read can't be kept in ${tmpdir()} (${(cause as Error).message}); make room there, or set TMPDIR to a folder with some 300 bytes for each item`,
        { cause },
      );
    }
  }

  #fileOf(folder: string, place: number): string {
    return join(folder, `${place}.jsonl`);
  }
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % PARTITIONS;
}
