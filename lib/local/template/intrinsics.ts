/** CloudFormation's intrinsic functions, as far as a template of functions, tables and mappings uses them. */
import { NESTING_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import type { Template } from './assembly.ts';

export const ACCOUNT_ID = '000000000000';
/** The one region. It does not matter which, but some clients check that it exists. */
export const REGION = 'us-east-1';

/** What `Ref` and `Fn::GetAtt` give for a resource. Some attributes come only when the resource exists. */
export interface ResourceAttributes {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Scope {
  readonly template: Template;
  readonly stackName: string;
  readonly resources: Map<string, ResourceAttributes>;
}

export function stackIdOf(stackName: string): string {
  return `arn:aws:cloudformation:${REGION}:${ACCOUNT_ID}:stack/${stackName}/00000000-0000-0000-0000-000000000000`;
}

const PSEUDO_PARAMETERS: Readonly<Record<string, (stackName: string) => string>> = {
  'AWS::AccountId': () => ACCOUNT_ID,
  'AWS::Region': () => REGION,
  'AWS::Partition': () => 'aws',
  'AWS::URLSuffix': () => 'amazonaws.com',
  'AWS::StackName': (stackName) => stackName,
  'AWS::StackId': stackIdOf,
};

function resolveRef(name: string, scope: Scope): unknown {
  const known = PSEUDO_PARAMETERS[name]?.(scope.stackName) ?? scope.resources.get(name)?.ref;
  if (known !== undefined) return known;
  const parameter = scope.template.Parameters?.[name];
  if (parameter?.Default !== undefined) return parameter.Default;
  throw new LocalError('template.unknownReference', `"${name}" is neither a resource nor a parameter with a default`);
}

function resolveGetAtt(path: string, scope: Scope): string {
  const dot = path.indexOf('.');
  const logicalId = path.slice(0, dot);
  const attribute = path.slice(dot + 1);
  const value = scope.resources.get(logicalId)?.attributes[attribute];
  if (value !== undefined) return value;
  throw new LocalError('template.unknownReference', `resource "${logicalId}" has no attribute "${attribute}" here`);
}

function resolveSub(value: unknown, scope: Scope): string {
  const [text, variables] = Array.isArray(value) ? (value as [string, Record<string, unknown>]) : [String(value), {}];
  return text.replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
    if (literal === '!') return `\${${name}}`;
    if (name in variables) return String(resolveValue(variables[name], scope));
    return name.includes('.') ? resolveGetAtt(name, scope) : String(resolveRef(name, scope));
  });
}

function resolveIntrinsic(name: string, argument: unknown, scope: Scope, depth: number): unknown {
  const list = () => resolveValue(argument, scope, depth + 1) as unknown[];
  switch (name) {
    case 'Ref':
      return resolveRef(String(argument), scope);
    case 'Fn::GetAtt':
      return resolveGetAtt(Array.isArray(argument) ? argument.join('.') : String(argument), scope);
    case 'Fn::Sub':
      return resolveSub(argument, scope);
    case 'Fn::Join': {
      const [separator, parts] = list() as [string, unknown[]];
      return parts.map(String).join(separator);
    }
    case 'Fn::Select': {
      const [index, parts] = list() as [number | string, unknown[]];
      return parts[Number(index)];
    }
    case 'Fn::Split': {
      const [separator, text] = list() as [string, string];
      return text.split(separator);
    }
    default:
      throw new LocalError(
        'template.unknownIntrinsic',
        `the local cloud does not know "${name}"; emulate it or avoid it`,
      );
  }
}

/** The value with every intrinsic function replaced. Throws on one that it doesn't know. */
export function resolveValue(value: unknown, scope: Scope, depth = 0): unknown {
  if (depth > NESTING_MAX) throw new LocalError('template.invalidProperty', `a value nests deeper than ${NESTING_MAX}`);
  if (Array.isArray(value)) return value.map((item) => resolveValue(item, scope, depth + 1));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
    return resolveIntrinsic(first[0], first[1], scope, depth);
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, resolveValue(item, scope, depth + 1)]));
}
