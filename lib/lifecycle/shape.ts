/** Whether something is a lifecycle by its form: whoever declares one may have no types, or a file of JSON. */
import { type Kind, OUR_ATTRIBUTES } from './declaration.ts';
import { LIFECYCLE_BYTES_MAX, NAME_CHARACTERS_MAX, PATH_STEPS_MAX } from './limits.ts';
import { type Refusal, type RefusalCode, refusal } from './refusals.ts';
import { piecesOf } from './templates.ts';
import { hyphenated } from './words.ts';

export interface Shaped {
  readonly refusals: readonly Refusal[];
  /** The kinds that have a form. */
  readonly kinds: Readonly<Record<string, Kind>>;
  /** All kinds that are declared. */
  readonly names: readonly string[];
  /** What the deallocator's attributes are called, as far as that has a form. */
  readonly ours: readonly string[];
}

const NAME = new RegExp(`^[a-z][A-Za-z0-9]{0,${NAME_CHARACTERS_MAX - 1}}$`);
const PART = new RegExp(`^[A-Za-z][A-Za-z0-9_]{0,${NAME_CHARACTERS_MAX - 1}}$`);
/** Of a key and of an index, at most. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const ATTRIBUTE = /^.{1,255}$/su;
/** Names that every object has already, such as `constructor`. */
const isInherited = (name: string) => name in {};
const isName = (name: string) =>
  NAME.test(name) && !isInherited(name) && hyphenated(name).length <= NAME_CHARACTERS_MAX;
const PATH = /^[^.[\]]+(?:\[\])?(?:\.[^.[\]]+(?:\[\])?)*$/;

type Give = (code: RefusalCode, what: string, instead: string) => void;
type Unknowns = Readonly<Record<string, unknown>>;

/** What is refused and can be read all the same, so that the rest of its kind is checked too. */
const READABLE: readonly RefusalCode[] = ['unknownWord', 'cascade', 'setNull', 'setByValue'];

export function shapeOf(lifecycle: unknown): Shaped {
  const refusals: Refusal[] = [];
  const give: Give = (code, what, instead) => void refusals.push(refusal(code, undefined, what, instead));
  const ended = () => ({ refusals, kinds: {}, names: [], ours: [] });
  if (!isMap(lifecycle)) {
    give('shape', `is ${shown(lifecycle)}`, 'declare an object with kinds: { kinds: { … } }');
    return ended();
  }
  const code = findCode(lifecycle, 'it');
  if (code !== undefined) {
    give('notData', `holds ${code}`, 'say it by the words that there are, or leave it to your program');
    return ended();
  }
  const bytes = new TextEncoder().encode(JSON.stringify(lifecycle)).length;
  if (bytes > LIFECYCLE_BYTES_MAX) {
    const what = `has ${bytes} bytes as JSON, and at most ${LIFECYCLE_BYTES_MAX} fit beside the names of the tables`;
    give('tooLarge', what, 'shorten names and paths, or make two lifecycles of kinds that do not depend on each other');
    return ended();
  }
  refuseUnknown(give, '', lifecycle, ['kinds', 'attributes']);
  const ours = checkAttributes(give, lifecycle.attributes);
  const declared = lifecycle.kinds;
  if (!isMap(declared) || Object.keys(declared).length === 0) {
    give('shape', `has kinds ${shown(declared)}`, 'declare at least one kind: { service: { table: …, key: … } }');
    return ended();
  }
  const names = Object.keys(declared);
  const shaped = names.filter((name) => {
    const before = refusals.length;
    checkKind((...one) => void refusals.push(refusal(one[0], name, one[1], one[2])), name, declared[name]);
    return refusals.slice(before).every(({ code }) => READABLE.includes(code));
  });
  const kinds = Object.fromEntries(shaped.map((name) => [name, declared[name] as Kind]));
  return { refusals, kinds, names, ours };
}

function checkKind(give: Give, name: string, kind: unknown): void {
  if (!isName(name)) give('name', 'has a name that is none', `${LIKE_A_NAME}, such as leaseTemplate`);
  if (!isMap(kind)) {
    give(
      'shape',
      `is ${shown(kind)}`,
      "declare its table and its key: { table: 'services', key: { id: '${service}' } }",
    );
    return;
  }
  refuseUnknown(give, '', kind, ['table', 'key', 'dependsOn', 'goneWhen']);
  if (typeof kind.table !== 'string')
    give('shape', `has the table ${shown(kind.table)}`, "name its table: table: 'services'");
  else if (!isName(kind.table)) {
    give('name', `has the table ${shown(kind.table)}`, `${LIKE_A_NAME}; the table's name in AWS is another matter`);
  }
  checkKey(give, kind.key);
  if (kind.dependsOn !== undefined && !Array.isArray(kind.dependsOn)) {
    give(
      'shape',
      `depends on ${shown(kind.dependsOn)}`,
      "declare a list: dependsOn: [{ kind: 'network', by: 'value', at: … }]",
    );
  } else for (const dependency of (kind.dependsOn as unknown[] | undefined) ?? []) checkDependency(give, dependency);
  checkGoneWhen(give, kind.goneWhen);
}

const LIKE_A_NAME = `choose 1 to ${NAME_CHARACTERS_MAX} letters and digits that begin with a small letter, and no name that every object has, such as constructor; a capital counts twice`;

function checkKey(give: Give, key: unknown): void {
  if (!isMap(key)) {
    give('shape', `has the key ${shown(key)}`, "declare its attributes: key: { id: '${service}' }");
    return;
  }
  const attributes = Object.keys(key);
  if (attributes.length < 1 || attributes.length > 2) {
    give(
      'keyAttributes',
      `has ${attributes.length} key attributes`,
      'declare the one or two that its table has, partition key first',
    );
  } else if (attributes.length === 2 && attributes.some((attribute) => /^\d+$/.test(attribute))) {
    const what = `has a key attribute whose name is a number, which JavaScript puts first whatever was written`;
    give('keyAttributes', what, 'rename that attribute; a table with such a key can have no lifecycle');
  }
  for (const [attribute, template] of Object.entries(key)) {
    if (!ATTRIBUTE.test(attribute)) give('name', `has the key attribute ${shown(attribute)}`, `${LIKE_AN_ATTRIBUTE}`);
    if (typeof template === 'string') checkTemplate(give, `key.${attribute}`, template);
    else {
      const way =
        "give it a text: a template such as '${service}'; a table whose key is of type N or B needs another one";
      give('keyNotText', `has the key ${attribute} as ${shown(template)}`, way);
    }
  }
}

const LIKE_AN_ATTRIBUTE = 'choose a name of 1 to 255 characters';

function checkTemplate(give: Give, where: string, template: string): void {
  const pieces = piecesOf(template);
  const wrong = (what: string, instead: string) =>
    give('template', `has ${where} ${shown(template)}, ${what}`, instead);
  if (template === '') wrong('which is empty', "name a part of the id: '${service}'");
  else if (!template.isWellFormed()) wrong('which holds half a character', 'write whole characters');
  for (const [place, piece] of pieces.entries()) {
    const next = pieces[place + 1];
    if ('part' in piece && (!PART.test(piece.part) || isInherited(piece.part)))
      wrong(
        `with a part ${shown(piece.part)}`,
        'name parts by letters and digits, and not as every object has them, such as constructor: ${service}',
      );
    else if ('text' in piece && piece.text.includes('${'))
      wrong('with a ${ that is not closed', "close it: '${service}'");
    else if ('part' in piece && next !== undefined && 'part' in next) {
      const way = `put a text between them that no id holds: '\${${piece.part}}#\${${next.part}}'`;
      wrong(`with nothing between \${${piece.part}} and \${${next.part}}`, way);
    }
  }
}

function checkDependency(give: Give, dependency: unknown): void {
  if (!isMap(dependency) || typeof dependency.kind !== 'string') {
    give('shape', `depends on ${shown(dependency)}`, "name the kind and how: { kind: 'network', by: 'value', at: … }");
    return;
  }
  const { kind, by, onDelete } = dependency;
  const on = `depends on ${kind}`;
  if (by === 'key') refuseUnknown(give, `${on} with `, dependency, ['kind', 'by', 'onDelete']);
  else if (by === 'value') checkValue(give, on, dependency);
  else if (typeof by === 'string' && /index|gsi|lsi/i.test(by)) {
    give('byIndex', `${on} by ${shown(by)}`, "use by: 'value' with the attribute that the index has for its key");
  } else
    give('shape', `${on} by ${shown(by)}`, "say by: 'key' where its key begins with the other's, else by: 'value'");
  checkOnDelete(give, on, by, onDelete);
}

function checkValue(give: Give, on: string, dependency: Unknowns): void {
  refuseUnknown(give, `${on} with `, dependency, ['kind', 'by', 'at', 'firstOf', 'as', 'onDelete']);
  const { at, firstOf, as } = dependency;
  const paths = Array.isArray(at) ? at : at === undefined ? firstOf : [at];
  const isWhole = (at === undefined) !== (firstOf === undefined) && Array.isArray(paths) && paths.length > 0;
  if (!isWhole)
    give(
      'where',
      `${on} by value without one of at and firstOf`,
      "name the attribute: at: 'networkId', or a list of paths",
    );
  else for (const path of paths as unknown[]) checkPath(give, on, path);
  if (as !== undefined && typeof as !== 'string')
    give('shape', `${on} as ${shown(as)}`, "give a template: as: 'bp#${blueprint}'");
  if (typeof as === 'string') checkTemplate(give, `as`, as);
}

function checkPath(give: Give, on: string, path: unknown): void {
  const isPath = typeof path === 'string' && path.isWellFormed() && PATH.test(path);
  if (isPath && path.split(/\.|(?=\[)/).length <= PATH_STEPS_MAX) return;
  give('path', `${on} at ${shown(path)}`, `write it as spec.networks[].target, of at most ${PATH_STEPS_MAX} steps`);
}

function checkOnDelete(give: Give, on: string, by: unknown, onDelete: unknown): void {
  if (onDelete === undefined || onDelete === 'wait' || onDelete === 'restrict') return;
  const what = `${on} with onDelete ${shown(onDelete)}`;
  const set = isMap(onDelete) && Object.keys(onDelete).join() === 'set' ? onDelete.set : undefined;
  const values = isMap(set) ? Object.values(set) : [];
  if (onDelete === 'cascade') {
    give('cascade', what, "say 'wait' and remove the items yourself, or { set: … } where a program runs them and will");
  } else if (
    onDelete === null ||
    values.includes(null) ||
    (typeof onDelete === 'string' && /^set.?null$/i.test(onDelete))
  ) {
    give('setNull', what, "say 'restrict', and update the items before");
  } else if (!isMap(set) || values.length === 0 || values.some((value) => typeof value !== 'string' || value === '')) {
    give('shape', what, "say 'wait', 'restrict', or { set: { desiredState: 'remove' } } with texts");
  } else if (by === 'value') give('setByValue', what, "say 'wait' or 'restrict', and tell the program yourself");
  else if (Object.keys(set).some((attribute) => !ATTRIBUTE.test(attribute))) give('name', what, LIKE_AN_ATTRIBUTE);
}

function checkGoneWhen(give: Give, goneWhen: unknown): void {
  if (goneWhen === undefined) return;
  const { at, isOneOf } = isMap(goneWhen) ? goneWhen : {};
  const isList =
    Array.isArray(isOneOf) && isOneOf.length > 0 && isOneOf.every((text) => typeof text === 'string' && text !== '');
  const isPath =
    typeof at === 'string' && PATH.test(at) && !at.includes('[]') && at.split('.').length <= PATH_STEPS_MAX;
  if (isMap(goneWhen)) refuseUnknown(give, 'is gone by ', goneWhen, ['at', 'isOneOf']);
  if (isList && isPath) return;
  const way = "name one attribute and its texts: goneWhen: { at: 'status.state', isOneOf: ['complete'] }";
  give('goneWhen', `is gone when ${shown(goneWhen)}`, way);
}

function checkAttributes(give: Give, attributes: unknown = {}): string[] {
  if (!isMap(attributes)) {
    give('shape', `has attributes ${shown(attributes)}`, "write attributes: { protected: 'keep' }");
    return [];
  }
  refuseUnknown(give, 'has attributes with ', attributes, OUR_ATTRIBUTES);
  for (const [attribute, name] of Object.entries(attributes)) {
    if (name === undefined || (typeof name === 'string' && ATTRIBUTE.test(name))) continue;
    give('name', `calls its attribute ${attribute} ${shown(name)}`, LIKE_AN_ATTRIBUTE);
  }
  const all = OUR_ATTRIBUTES.map((own) => attributes[own] ?? own);
  const twice = all.find((name, place) => all.indexOf(name) !== place);
  if (twice !== undefined)
    give('attributeTaken', `calls two of its attributes ${shown(twice)}`, 'give each a name of its own');
  return all.filter((name) => typeof name === 'string');
}

function refuseUnknown(give: Give, where: string, map: Unknowns, words: readonly string[]): void {
  for (const word of Object.keys(map).filter((one) => !words.includes(one))) {
    const isIndex = /index/i.test(word);
    if (isIndex)
      give(
        'byIndex',
        `${where}has an ${shown(word)}`,
        "use by: 'value' with the attribute that the index has for its key",
      );
    else give('unknownWord', `${where}has the word ${shown(word)}`, `use ${words.join(', ')}, or leave it out`);
  }
}

/** Whatever JSON can't hold, and where it is. A value that holds itself ends at the depth of what is read. */
function findCode(value: unknown, where: string, depth = 0): string | undefined {
  if (depth > PATH_STEPS_MAX) return `more than ${PATH_STEPS_MAX} things within each other`;
  if (value === null || value === undefined || ['string', 'boolean', 'number'].includes(typeof value)) return undefined;
  if (typeof value !== 'object') return `a ${typeof value} at ${where}`;
  const isPlain = Array.isArray(value) || isMap(value);
  if (!isPlain) return `a ${value.constructor?.name ?? 'strange object'} at ${where}`;
  for (const [name, one] of Object.entries(value)) {
    const found = findCode(one, `${where}.${name}`.replace(/^it\./, ''), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isMap(value: unknown): value is Unknowns {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm, such as a test's, has another Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Characters of a value that a message quotes. */
const SHOWN_CHARACTERS_MAX = 60;

function shown(value: unknown): string {
  const text =
    value === undefined ? 'missing' : findCode(value, 'it') === undefined ? JSON.stringify(value) : typeof value;
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
