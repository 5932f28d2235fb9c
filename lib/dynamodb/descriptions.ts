/** What people call an object: its name and its labels, where Docker's specs have them and where the client's often do. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { StoredItem } from './requests.ts';

/** `spec.annotations`, as SwarmKit and an import have them, comes before `spec` itself. */
export const NAME_PATHS: readonly string[] = ['spec.annotations.name', 'spec.name'];

/** What a listing reads of an object beside its key, and not the rest of its spec. */
export const DESCRIPTION_PATHS: readonly string[] = [...NAME_PATHS, 'spec.annotations.labels', 'spec.labels'];

/** Undefined where there is none, or where it is no text. */
export function nameOf({ spec }: StoredItem): string | undefined {
  return spec?.M?.annotations?.M?.name?.S || spec?.M?.name?.S || undefined;
}

/** Labels that are texts. Where both places have one of the same name, that of `spec.annotations` is told. */
export function labelsOf({ spec }: StoredItem): Readonly<Record<string, string>> {
  return Object.fromEntries([...textsOf(spec?.M?.labels), ...textsOf(spec?.M?.annotations?.M?.labels)]);
}

function textsOf(map: AttributeValue | undefined): [string, string][] {
  return Object.entries(map?.M ?? {}).flatMap(([name, { S }]) => (S === undefined ? [] : [[name, S]]));
}
