/** A synthesized deallocator, and its template in the test's words: no test writes a logical id down. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { App, type CfnElement, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { bundleFunctions } from '../../lib/infra/bundle.ts';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import type { FunctionName } from '../support/swarmkit.ts';

export const root = join(import.meta.dirname, '..', '..');

// The template names the code by its hash and looks no further: an older build will do.
if (!existsSync(join(root, 'dist', 'functions', 'index.js'))) await bundleFunctions(root);

export const tableNames: TableName[] = ['services', 'tasks', 'networks', 'attachments', 'counters', 'receipts'];
/** In the order of the plan, in which policies name them. */
export const streamFunctions = ['service-updated', 'task-deleted', 'network-updated', 'attachment-deleted'] as const;
export const functionNames: FunctionName[] = [...streamFunctions, 'sweep'];

/** A deallocator of SwarmKit's kinds: their tables and functions are known by name. */
export type SwarmkitDeallocator = Deallocator & {
  readonly tables: Readonly<Record<TableName, ITable>>;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
};

export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resource: string;
}

type Json = Record<string, unknown>;

/** Made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** @param props or what makes them in the stack */
export function createWorld(props: DeallocatorProps | ((stack: Stack) => DeallocatorProps) = {}) {
  const stack = new Stack(new App(), 'World');
  const deallocator = new Deallocator(
    stack,
    'Deallocator',
    typeof props === 'function' ? props(stack) : props,
  ) as SwarmkitDeallocator;
  // Late, so that a test can add to the stack.
  const synthesized = once(() => Template.fromStack(stack));
  const resources = once(() => synthesized().toJSON().Resources as Record<string, Json>);

  /** `services`, `services/index/marked`, `queue`, …: what an ARN in the template means. */
  const namesByArn = once(
    () =>
      new Map(
        [
          ...Object.entries(deallocator.tables).flatMap(([name, { tableArn, tableStreamArn }]): [string, unknown][] => [
            [name, stack.resolve(tableArn)],
            [`${name}/stream`, stack.resolve(tableStreamArn)],
          ]),
          ...Object.entries(deallocator.functions).flatMap(([name, { functionArn, logGroup }]): [string, unknown][] => [
            [name, stack.resolve(functionArn)],
            [`${name}/logs`, stack.resolve(logGroup.logGroupArn)],
          ]),
          ['queue', stack.resolve(deallocator.deadLetterQueue.queueArn)] satisfies [string, unknown],
        ].map(([name, arn]): [string, string] => [JSON.stringify(arn), name]),
      ),
  );

  const nameOf = (resource: unknown): string => {
    const [, parts] = (resource as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'] ?? ['', [resource]];
    const names = parts.map((part) => {
      if (typeof part === 'string') return part;
      const arn = JSON.stringify(part);
      return namesByArn().get(arn) ?? arn;
    });
    return names.join('');
  };

  const propertiesOf = (construct: IConstruct): Json => resourceOf(construct).Properties as Json;

  const logicalIdOf = (construct: IConstruct): string =>
    stack.resolve(((construct.node.defaultChild ?? construct) as CfnElement).logicalId);

  const resourceOf = (construct: IConstruct): Json => resources()[logicalIdOf(construct)] as Json;

  /** All that a role may do: its inline policies, and the ones attached to it. */
  const statementsOf = (role: IConstruct): Statement[] => {
    const inline = (propertiesOf(role).Policies ?? []) as { PolicyDocument: { Statement: Json[] } }[];
    const roleRef = JSON.stringify({ Ref: logicalIdOf(role) });
    const attached = Object.values(synthesized().findResources('AWS::IAM::Policy'))
      .map((policy) => policy.Properties)
      .filter((policy) => JSON.stringify(policy.Roles).includes(roleRef));
    return [...inline, ...attached].flatMap((policy) =>
      policy.PolicyDocument.Statement.flatMap((statement: Json) =>
        [statement.Resource].flat().map((resource) => ({
          effect: statement.Effect as string,
          actions: [statement.Action].flat() as string[],
          resource: nameOf(resource),
        })),
      ),
    );
  };

  return {
    stack,
    deallocator,
    nameOf,
    propertiesOf,
    resourceOf,
    statementsOf,
    get template() {
      return synthesized();
    },
    mappingOf: (name: string) =>
      propertiesOf((deallocator.functions[name as FunctionName].node.scope as IConstruct).node.findChild('Mapping')),
    rolePermissions: (name: string) =>
      permissions(statementsOf(deallocator.functions[name as FunctionName].role as IConstruct)),
  };
}

/** Actions by resource, sorted: what the statements allow, however they are cut. */
export function permissions(statements: readonly Statement[]): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const { effect, actions, resource } of statements) {
    if (effect !== 'Allow') throw new Error(`a statement on ${resource} is ${effect}, not Allow`);
    all[resource] = [...new Set([...(all[resource] ?? []), ...actions])].sort();
  }
  return all;
}
