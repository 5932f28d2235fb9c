/** Items as an audit looks at them: what their kind tells by, as plain values, whatever else somebody has written there. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { attributePath, declaredPath, outermost, stepsOf } from './expressions.ts';
import { type Item, native, type StoredItem } from './requests.ts';

/** Of an item of the kind no more than it tells by: items may be 400 KB. */
export function tellingPaths(plan: Plan, kind: string): readonly string[] {
  const { key, isGuarded } = plan.kinds[kind] as KindPlan;
  const { pendingDelete, markedAt, protected: shield } = plan.attributes;
  const own = [...Object.keys(key), ...(isGuarded ? [pendingDelete, markedAt, shield] : [])];
  return outermost([...own.map(attributePath), ...valuePaths(plan.kinds[kind] as KindPlan)]);
}

/** Where it says what it holds, each up to its first list, and whether it keeps anything. */
function valuePaths({ holds, goneWhen }: KindPlan): string[] {
  const roots = holds.flatMap(({ paths }) => paths.map((path) => path.split('[]')[0] as string));
  return [...roots, ...(goneWhen === undefined ? [] : [goneWhen.at])].map(declaredPath);
}

/** What the SDK can't translate of one attribute costs no other. */
export function plainItem(plan: Plan, kind: string, stored: StoredItem): Item {
  const telling = new Set(valuePaths(plan.kinds[kind] as KindPlan).map((path) => stepsOf(path)[0] as string));
  const own = Object.fromEntries(Object.entries(stored).filter(([name]) => !telling.has(name)));
  const told = Object.entries(stored).flatMap(([name, value]) => (telling.has(name) ? [[name, plain(value)]] : []));
  return { ...native(own), ...Object.fromEntries(told) };
}

/** How deep a value is looked into, as deep as DynamoDB lets values lie. */
const LEVELS_MAX = 32;

function plain({ S, N, BOOL, NULL, L, M, SS }: AttributeValue, levels = LEVELS_MAX): unknown {
  if (S !== undefined) return S;
  if (N !== undefined) return Number(N);
  if (BOOL !== undefined) return BOOL;
  if (NULL === true || levels === 0) return null;
  if (SS !== undefined) return new Set(SS);
  if (L !== undefined) return L.map((entry) => plain(entry, levels - 1));
  if (M === undefined) return false; // numbers or bytes in a set, or bytes: nothing that names anything
  return Object.fromEntries(Object.entries(M).map(([name, inner]) => [name, plain(inner, levels - 1)]));
}
