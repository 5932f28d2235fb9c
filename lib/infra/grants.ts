/** Policies of roles, ours and the users': where they land, and that they do. */
import { Annotations } from 'aws-cdk-lib';
import {
  Grant,
  type IGrantable,
  type IGroup,
  type IRole,
  type IUser,
  ManagedPolicy,
  Policy,
  type PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { type Construct, Dependable } from 'constructs';
import { refuse } from './refusal.ts';
import { refuseOtherAccount } from './surroundings.ts';

export interface PolicyProps {
  /**
   * Whether what functions, pipes and grantees may do stands in managed policies, which some rules ask for, and not in inline
   * ones. A role can have 10 of them, unless its quota is raised. A user's grant is always one: inline policies of a user have
   * 2,048 characters in all.
   * @default false
   */
  readonly managedPolicies?: boolean;
}

/** The policy of one of our own roles: a resource of its own, since the tables' policies name the role, and this one the tables. */
export function createPolicy(
  scope: Construct,
  role: IRole,
  statements: readonly PolicyStatement[],
  { managedPolicies = false }: PolicyProps,
): Policy | ManagedPolicy {
  const props = { roles: [role], statements: [...statements] };
  return managedPolicies ? new ManagedPolicy(scope, 'ManagedPolicy', props) : new Policy(scope, 'Policy', props);
}

/**
 * Gives the grantee the statements. What can't land is refused: the CDK's own grants say it only to those who ask, and then
 * all is denied at run time.
 *
 * @param what the grant's name
 */
export function give(
  scope: Construct,
  grantee: IGrantable,
  what: string,
  statements: readonly PolicyStatement[],
  props: PolicyProps,
): Grant {
  const principal = grantee.grantPrincipal;
  const who = `${what}("${(principal as Partial<IRole>).node?.path ?? principal}")`;
  const instead = 'let it assume a role of this account, and grant that role';
  refuseOtherAccount(scope, who, principal.principalAccount, instead);
  const target = managedPolicyOf(scope, principal, what, props) ?? grantee;
  const granted = statements
    .map(({ actions, resources, conditions }) =>
      Grant.addToPrincipal({ grantee: target, actions, resourceArns: resources, conditions }),
    )
    .reduce((sum, one) => sum.combine(one));
  if (!granted.success) {
    refuse(scope, `${who} lands nowhere: only roles, users and groups can be given a policy; grant one of these`);
  }
  // A role that is imported as not to be changed takes every statement and keeps none.
  if (Dependable.of(granted).dependencyRoots.length === 0) {
    Annotations.of(scope).addWarningV2(
      'deallocator:grant-lands-nowhere',
      `${who} changes nothing: the role is imported as immutable; give it the same statements where it is defined`,
    );
  }
  return granted;
}

/** Where the grant has a managed policy of its own; asked again, the same one. */
function managedPolicyOf(
  scope: Construct,
  principal: object,
  what: string,
  { managedPolicies = false }: PolicyProps,
): ManagedPolicy | undefined {
  const { userName, groupName, roleName } = principal as Partial<IUser & IGroup & IRole>;
  if (userName === undefined && !(managedPolicies && (groupName ?? roleName) !== undefined)) return undefined;
  const owner = principal as IUser & IGroup & IRole;
  const id = `Deallocator-${what}-${scope.node.addr}`;
  const found = owner.node.tryFindChild(id) as ManagedPolicy | undefined;
  if (found !== undefined) return found;
  return new ManagedPolicy(owner, id, {
    ...(userName !== undefined && { users: [owner] }),
    ...(groupName !== undefined && { groups: [owner] }),
    ...(roleName !== undefined && { roles: [owner] }),
  });
}
