/** Roles, their policies, and the tables' own, as the template has them. */
import { PropertyReader } from '../template/properties.ts';
import type { NamedResource, Stack } from '../template/stack.ts';

export type Statement = Readonly<Record<string, unknown>>;

export interface Role extends NamedResource {
  readonly statements: readonly Statement[];
}

export interface Policies {
  readonly roles: readonly Role[];
  /** By the table's ARN. Indexes have no policies of their own. */
  readonly ofTables: ReadonlyMap<string, readonly Statement[]>;
}

/** Undefined for a document without any. */
export function statementsOf(document: unknown): readonly Statement[] | undefined {
  const { Statement } = (document ?? {}) as { readonly Statement?: Statement | readonly Statement[] };
  return Statement === undefined ? undefined : [Statement].flat();
}

function readStatements(policy: PropertyReader): readonly Statement[] {
  const statements = statementsOf(policy.value('PolicyDocument'));
  if (statements === undefined) throw policy.invalid('PolicyDocument', 'a policy');
  return statements;
}

/** To be called after the tables exist, because a policy may name their streams. */
export function readPolicies(stack: Stack): Policies {
  const attached = (['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'] as const).flatMap((type) =>
    stack.read(type, (policy) => {
      policy.ignore('PolicyName', 'ManagedPolicyName', 'Description');
      return { roles: policy.list('Roles'), statements: readStatements(policy) };
    }),
  );
  const roles = stack.read('AWS::IAM::Role', (properties, resource) => {
    // Not ignored: a path would be part of the ARN, and a boundary and managed policies would be evaluated.
    properties.ignore('AssumeRolePolicyDocument', 'Description', 'MaxSessionDuration', 'Tags');
    const inline = properties.objects('Policies').flatMap((policy) => {
      policy.ignore('PolicyName');
      return readStatements(policy);
    });
    const others = attached.filter((policy) => policy.roles.includes(resource.name));
    return { ...resource, statements: [...inline, ...others.flatMap(({ statements }) => statements)] };
  });
  const ofTables = stack.resolve('AWS::DynamoDB::Table').flatMap(({ name, arn, properties }) => {
    const policy = new PropertyReader(`table "${name}"`, properties).findObject('ResourcePolicy');
    if (policy === undefined) return [];
    const statements = readStatements(policy);
    policy.checkAll();
    return [[arn, statements] as const];
  });
  return { roles, ofTables: new Map(ofTables) };
}

/** The role of each function, by the function's logical id. Throws for one that is not in the template. */
export function readExecutionRoles(stack: Stack, roles: readonly Role[]): ReadonlyMap<string, Role> {
  const ofFunctions = stack.resolve('AWS::Lambda::Function').map(({ logicalId, properties }) => {
    const reader = new PropertyReader(`function "${logicalId}"`, properties);
    const arn = reader.text('Role');
    const role = roles.find((one) => one.arn === arn);
    if (role === undefined) throw reader.invalid('Role', roles.map((one) => one.arn).join(', '));
    return [logicalId, role] as const;
  });
  return new Map(ofFunctions);
}
