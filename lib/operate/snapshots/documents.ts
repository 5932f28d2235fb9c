/** Files as JSON documents: their encoding, and several documents in one file. */
import { DeallocatorError } from '../../protocol/errors.ts';
import { refuseLines } from './lines.ts';
import { wrongText } from './not-importable.ts';
import { invalid, parseJson } from './snapshot.ts';

/** A file that is imported. */
export interface ImportFile {
  /** Its name in messages. */
  readonly name: string;
  /** What is in it. */
  readonly text: string;
}

export interface Document {
  readonly file: string;
  /** Precedes the path of what is in it: `a.json: `, or `a.json: document 2`. */
  readonly place: string;
  /** Whether it is the only one of its file. */
  readonly isAlone: boolean;
  readonly value: unknown;
}

/**
 * UTF-8, or UTF-16 as PowerShell's `>` writes it: told by the mark of the byte order, and without one by the zero that half of
 * each ASCII character is. Fails with `InvalidArgument` at bytes that are neither.
 */
export function decodeText(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0x1f && second === 0x8b) throw wrongBytes(`${name} is packed by gzip; unpack it`);
  const isBigEndian = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  const isLittleEndian = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const encoding = isBigEndian ? 'utf-16be' : isLittleEndian ? 'utf-16le' : 'utf-8';
  try {
    // It leaves the mark out.
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw wrongBytes(`${name} is not ${encoding.toUpperCase()} text; save it as UTF-8`, cause);
  }
}

function wrongBytes(message: string, cause?: unknown): DeallocatorError {
  return new DeallocatorError('InvalidArgument', message, { cause });
}

/** None for a file without text. Several as `docker inspect` in a loop prints them, or one on each line. */
export function readDocuments({ name, text }: ImportFile): Document[] {
  refuseLines(name, text);
  const whole = text.replace(/^\uFEFF/, '');
  const texts = splitDocuments(whole);
  const wrong = texts[0] === undefined ? undefined : wrongText(whole.trimStart());
  if (wrong !== undefined) throw invalid(`${name} ${wrong}`);
  if (texts.length <= 1) {
    return texts.map(() => ({ file: name, place: `${name}: `, isAlone: true, value: parseJson(whole, `${name}: `) }));
  }
  return texts.map((one, index) => {
    const place = `${name}: document ${index + 1}`;
    return { file: name, place, isAlone: false, value: parseJson(one, `${place} `) };
  });
}

/** Between documents. Files that were put together may have a mark of the byte order before each. */
const BLANK = ' \t\r\n\uFEFF';

/** The texts of the outermost values. What is no JSON comes out as some text, for the parser to refuse. */
function splitDocuments(text: string): string[] {
  const documents: string[] = [];
  let start = -1;
  let depth = 0;
  const end = (at: number) => {
    if (start >= 0) documents.push(text.slice(start, at));
    start = -1;
    depth = 0;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (BLANK.includes(character)) {
      if (depth === 0) end(at);
      continue;
    }
    const isOpening = character === '{' || character === '[';
    if (isOpening && depth === 0) end(at);
    if (start < 0) start = at;
    if (character === '"') at = endOfString(text, at);
    if (isOpening) depth++;
    if ((character === '}' || character === ']') && --depth <= 0) end(at + 1);
  }
  end(text.length);
  return documents;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}
