/** Roles, their policies, and the tables' own, as the template has them. */
import {
  checkProperties,
  getText,
  invalidProperty,
  type Properties,
  readList,
  readObject,
} from '../template/properties.ts';
import type { Stack } from '../template/stack.ts';

export type Statement = Readonly<Record<string, unknown>>;

export interface Role {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly statements: readonly Statement[];
}

export interface Policies {
  readonly roles: readonly Role[];
  /** By the table's ARN. Its indexes have none of their own. */
  readonly ofTables: ReadonlyMap<string, readonly Statement[]>;
}

/** A path would be part of the ARN; a boundary and managed policies would be evaluated: none is known here. */
const ROLE_PROPERTIES = {
  used: ['RoleName', 'Policies'],
  ignored: ['AssumeRolePolicyDocument', 'Description', 'MaxSessionDuration', 'Tags'],
};
const POLICY_PROPERTIES = {
  used: ['PolicyDocument', 'Roles'],
  ignored: ['PolicyName', 'ManagedPolicyName', 'Description'],
};
const INLINE_PROPERTIES = { used: ['PolicyDocument'], ignored: ['PolicyName'] };
const POLICY_TYPES = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'] as const;

function readStatements(where: string, document: Properties | undefined): readonly Statement[] {
  const statements = document?.Statement;
  if (document === undefined || statements === undefined)
    throw invalidProperty(where, 'PolicyDocument', document, 'a policy');
  return (Array.isArray(statements) ? statements : [statements]) as readonly Statement[];
}

/** After the tables exist: a policy may name their streams. */
export function readPolicies(stack: Stack): Policies {
  const attached = POLICY_TYPES.flatMap((type) =>
    stack.resolve(type).map(({ logicalId, properties }) => {
      const where = `policy "${logicalId}"`;
      checkProperties(where, properties, POLICY_PROPERTIES);
      const statements = readStatements(where, readObject(where, properties, 'PolicyDocument'));
      return { roles: readList(where, properties, 'Roles'), statements };
    }),
  );
  const roles = stack.resolve('AWS::IAM::Role').map(({ logicalId, name, arn, properties }) => {
    const where = `role "${logicalId}"`;
    checkProperties(where, properties, ROLE_PROPERTIES);
    const inline = readList(where, properties, 'Policies').flatMap((value) => {
      const policy = value as Properties;
      checkProperties(where, policy, INLINE_PROPERTIES);
      return readStatements(where, readObject(where, policy, 'PolicyDocument'));
    });
    const others = attached.filter((policy) => policy.roles.includes(name)).flatMap(({ statements }) => statements);
    return { logicalId, name, arn, statements: [...inline, ...others] };
  });
  const ofTables = stack.resolve('AWS::DynamoDB::Table').flatMap(({ name, arn, properties }) => {
    const where = `table "${name}"`;
    const policy = readObject(where, properties, 'ResourcePolicy');
    if (policy === undefined) return [];
    checkProperties(where, policy, { used: ['PolicyDocument'] });
    return [[arn, readStatements(where, readObject(where, policy, 'PolicyDocument'))] as const];
  });
  return { roles, ofTables: new Map(ofTables) };
}

/** The role of each function, by the function's logical id. Throws for one that is not in the template. */
export function readExecutionRoles(stack: Stack, roles: readonly Role[]): ReadonlyMap<string, Role> {
  return new Map(
    stack.resolve('AWS::Lambda::Function').map(({ logicalId, properties }) => {
      const where = `function "${logicalId}"`;
      const arn = getText(where, properties, 'Role');
      const role = roles.find((one) => one.arn === arn);
      if (role === undefined) throw invalidProperty(where, 'Role', arn, roles.map((one) => one.arn).join(', '));
      return [logicalId, role];
    }),
  );
}
