/** Key templates: what they are made of, the text that they make of an id, and the id that they find in a text. */
import type { Template } from './declaration.ts';

/** The parts of an id, by their names. */
export type Parts = Readonly<Record<string, string>>;

/** A piece of a template: a part of the id, or text that is always the same. */
export type Piece = { readonly part: string } | { readonly text: string };

const PART = /\$\{([^{}]*)\}/;

/** More than a program's lifecycles have; one that makes ever more of them begins anew. */
const KNOWN_TEMPLATES_MAX = 1000;

const known = new Map<Template, readonly Piece[]>();

/** What the template is made of. Each template is taken apart once, since a function asks for it with each record. */
export function piecesOf(template: Template): readonly Piece[] {
  const found = known.get(template);
  if (found !== undefined) return found;
  const pieces = template
    .split(/(\$\{[^{}]*\})/)
    .filter((text) => text !== '')
    .map((text): Piece => {
      const [, part] = PART.exec(text) ?? [];
      return part === undefined ? { text } : { part };
    });
  if (known.size === KNOWN_TEMPLATES_MAX) known.clear();
  known.set(template, pieces);
  return pieces;
}

/** Each once, in order. */
export function partsIn(template: Template): string[] {
  return [...new Set(piecesOf(template).flatMap((piece) => ('part' in piece ? [piece.part] : [])))];
}

export function isConstant(template: Template): boolean {
  return partsIn(template).length === 0;
}

/** Takes every text: one part and nothing else. */
export function isBare(template: Template): boolean {
  const pieces = piecesOf(template);
  return pieces.length === 1 && partsIn(template).length === 1;
}

/** What each text of the template begins with. */
export function literalStart(template: Template): string {
  const [first] = piecesOf(template);
  return first !== undefined && 'text' in first ? first.text : '';
}

/** The texts that stand behind each part: no value of it may run into one. */
export function separatorsIn(template: Template): { readonly part: string; readonly text: string }[] {
  const pieces = piecesOf(template);
  return pieces.flatMap((piece, place) => {
    const next = pieces[place + 1];
    return 'part' in piece && next !== undefined && 'text' in next ? [{ part: piece.part, text: next.text }] : [];
  });
}

/** Whether a value followed by the text ends just where that text first stands: else nobody finds the end of the value. */
export function endsAt(value: string, text: string): boolean {
  return (value + text).indexOf(text) === value.length;
}

/** @param parts all that the template names */
export function fill(template: Template, parts: Parts): string {
  return piecesOf(template)
    .map((piece) => ('text' in piece ? piece.text : (parts[piece.part] as string)))
    .join('');
}

/** The parts that {@link fill} made the text of: each ends where the text behind it first stands. Undefined for another text. */
export function readWith(template: Template, text: string): Parts | undefined {
  const pieces = piecesOf(template);
  const parts: Record<string, string> = {};
  let place = 0;
  for (const [index, piece] of pieces.entries()) {
    if ('text' in piece) {
      if (!text.startsWith(piece.text, place)) return undefined;
      place += piece.text.length;
      continue;
    }
    const next = pieces[index + 1];
    const end = next !== undefined && 'text' in next ? text.indexOf(next.text, place) : text.length;
    const value = text.slice(place, end === -1 ? place : end);
    if (value === '' || (parts[piece.part] ?? value) !== value) return undefined;
    parts[piece.part] = value;
    place = end;
  }
  return place === text.length ? parts : undefined;
}
