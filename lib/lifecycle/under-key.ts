/** How a strongly consistent query finds all items whose keys lie under one other item's, and nothing else. */
import type { Kind, Template } from './declaration.ts';
import { partsIn, piecesOf } from './templates.ts';

/** A query on a base table. The templates are filled with the parts of the other's id. */
export interface UnderKey {
  readonly partition: { readonly attribute: string; readonly of: Template };
  /** Absent: the whole partition. */
  readonly sort?: { readonly attribute: string } & (
    | { readonly beginsWith: Template; readonly equals?: undefined }
    | { readonly equals: Template; readonly beginsWith?: undefined }
  );
}

export function partsOf({ key }: Pick<Kind, 'key'>): string[] {
  return [...new Set(Object.values(key).flatMap(partsIn))];
}

/** @returns the query; or, as a text, why there is none */
export function underKey(parent: Kind, child: Kind): UnderKey | string {
  const known = partsOf(parent);
  const [[attribute, of], sort] = Object.entries(child.key) as [[string, Template], [string, Template] | undefined];
  const foreign = partsIn(of).find((part) => !known.includes(part));
  if (foreign !== undefined) return `its partition key ${of} holds \${${foreign}}, which is no part of the other's key`;
  const run = sort === undefined ? '' : leadingRun(sort[1], known);
  const missing = known.find((part) => ![...partsIn(of), ...partsIn(run)].includes(part));
  if (missing !== undefined) return `\${${missing}} of the other's key does not stand before its own parts`;
  const partition = { attribute, of };
  if (sort === undefined || run === '') return { partition };
  return { partition, sort: { attribute: sort[0], ...(run === sort[1] ? { equals: run } : { beginsWith: run }) } };
}

/** The pieces of a template up to the first part that is not known. */
function leadingRun(template: Template, known: readonly string[]): Template {
  const pieces = piecesOf(template);
  const end = pieces.findIndex((piece) => 'part' in piece && !known.includes(piece.part));
  const kept = end === -1 ? pieces : pieces.slice(0, end);
  return kept.map((piece) => ('part' in piece ? `\${${piece.part}}` : piece.text)).join('');
}
