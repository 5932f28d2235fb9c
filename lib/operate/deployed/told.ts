/** What could be found out, or why it could not: what nobody has looked at is never taken for right. */
import { failureText } from '../../dynamodb/failures.ts';

export type Told<T> = { readonly told: T } | { readonly untold: string };

export async function told<T>(look: () => Promise<T>): Promise<Told<T>> {
  try {
    return { told: await look() };
  } catch (error) {
    return { untold: wordsOf(error) };
  }
}

/** In one line. */
export function wordsOf(error: unknown): string {
  return failureText(error)?.words ?? (error instanceof Error ? error.message || error.name : String(error));
}

export const isTold = <T>(one: Told<T>): one is { readonly told: T } => 'told' in one;
