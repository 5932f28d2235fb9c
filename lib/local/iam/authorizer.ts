/** Allows or denies each request as IAM would, by the policies of the template. */
import { runSimulation, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import { ACCESSES_KEPT_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { ACCOUNT_ID } from '../template/intrinsics.ts';
import type { Policies, Role, Statement } from './policies.ts';
import { ANY_TABLE, type Need } from './requests.ts';

/** Any caller without a role: an administrator of the account, whom only the tables' policies can deny something. */
export const OUTSIDE = 'outside';
/** The access key of an administrator who has lifted the tables' policies. */
export const BREAK_GLASS = 'break-glass';

/** What a principal needed, and whether it was allowed. */
export interface Access extends Need {
  /** A function's logical id, a role's name, `break-glass` or `outside`. */
  readonly principal: string;
  readonly allowed: boolean;
}

interface Principal {
  /** As AWS's messages name it: a role by its session. */
  readonly userArn: string;
  /** `aws:PrincipalArn`: for a session, the ARN of its role. */
  readonly principalArn: string;
  readonly statements: readonly Statement[];
  readonly isHeldByTables: boolean;
}

const EVERYTHING: readonly Statement[] = [{ Effect: 'Allow', Action: '*', Resource: '*' }];

/** For checking a policy: every evaluation looks at the whole of it first. */
const ANYTHING: Need = { action: 'dynamodb:DescribeTable', resource: ANY_TABLE.replace('*', 'any') };

function administrator(name: string, isHeldByTables: boolean): Principal {
  const arn = `arn:aws:iam::${ACCOUNT_ID}:user/${name}`;
  return { userArn: arn, principalArn: arn, statements: EVERYTHING, isHeldByTables };
}

function session(role: Role, name: string): Principal {
  const userArn = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/${role.name}/${name}`;
  return { userArn, principalArn: role.arn, statements: role.statements, isHeldByTables: true };
}

/** Without Sids: two policies of a role may use the same one. */
function documentOf(statements: readonly Statement[]): unknown {
  return { Version: '2012-10-17', Statement: statements.map(({ Sid: _, ...statement }) => statement) };
}

function invalidPolicy({ message: _, ...errors }: object & { readonly message: string }): LocalError {
  return new LocalError('iam.invalidPolicy', `IAM would refuse a policy: ${JSON.stringify(errors)}; mend it`);
}

type Outcome = 'Allowed' | 'ExplicitlyDenied' | 'ImplicitlyDenied';

/** By everything that an evaluation depends on, so that the clouds that a process starts from one template share them. */
const outcomes = new Map<string, Promise<Outcome>>();

async function evaluate(principal: Principal, need: Need, tableStatements: readonly Statement[]): Promise<Outcome> {
  const { enclosing } = need;
  const { statements } = principal;
  const simulation: Simulation = {
    request: {
      principal: principal.userArn,
      action: need.action,
      resource: { resource: need.resource, accountId: ACCOUNT_ID },
      contextVariables: {
        'aws:PrincipalArn': principal.principalArn,
        ...(enclosing !== undefined && { 'dynamodb:EnclosingOperation': enclosing }),
      },
    },
    identityPolicies: statements.length > 0 ? [{ name: 'identity', policy: documentOf(statements) }] : [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(tableStatements.length > 0 && { resourcePolicy: documentOf(tableStatements) }),
  };
  const key = JSON.stringify(simulation);
  const known = outcomes.get(key);
  if (known !== undefined) return await known;
  const outcome = simulate(simulation, statements === EVERYTHING);
  if (outcomes.size < ACCESSES_KEPT_MAX) outcomes.set(key, outcome);
  return await outcome;
}

async function simulate(simulation: Simulation, isAdministrator: boolean): Promise<Outcome> {
  const { request } = simulation;
  // AWS's reference gives it no resource, AWS's own example policies do. The simulator accepts both only unchecked.
  if (request.action === 'dynamodb:ListStreams') return runUnsafeSimulation(simulation, {});
  const result = await runSimulation(simulation, {});
  if (result.resultType !== 'error') return result.overallResult;
  const { message } = result.errors;
  if (message === 'policy.errors') throw invalidPolicy(result.errors);
  if (message === 'must.use.wildcard' && request.resource.resource !== '*') {
    const resource = { ...request.resource, resource: '*' };
    return await simulate({ ...simulation, request: { ...request, resource } }, isAdministrator);
  }
  // There is no such action or resource, so the engine refuses it. Only an administrator's request gets that far.
  return isAdministrator ? 'Allowed' : 'ImplicitlyDenied';
}

/** In AWS's own words: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function wordsFor({ userArn }: Principal, { action, resource }: Need, because: string): string {
  return `User: ${userArn} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
}

/** Keeps each decision, which depends on the policies alone: an evaluation takes as long as a small write. */
export class Authorizer {
  #policies: Policies;
  /** The role of each function, by the function's logical id. */
  readonly executionRoles: ReadonlyMap<string, Role>;
  readonly #principals: ReadonlyMap<string, Principal>;
  readonly #outside = administrator(OUTSIDE, true);
  readonly #denials = new Map<string, Promise<string | undefined>>();
  readonly #accesses: Access[] = [];

  constructor(policies: Policies, executionRoles: ReadonlyMap<string, Role>) {
    this.#policies = policies;
    this.executionRoles = executionRoles;
    this.#principals = new Map([
      [OUTSIDE, this.#outside],
      [BREAK_GLASS, administrator(BREAK_GLASS, false)],
      ...policies.roles.map((role) => [role.name, session(role, 'local')] as const),
      ...[...executionRoles].map(([logicalId, role]) => [logicalId, session(role, logicalId)] as const),
    ]);
  }

  get policies(): Policies {
    return this.#policies;
  }

  /** From now on the table has that policy, or none. Throws `iam.invalidPolicy`. */
  async setTablePolicy(tableArn: string, statements: readonly Statement[] | undefined): Promise<void> {
    if (statements !== undefined) await evaluate(this.#outside, ANYTHING, statements);
    const ofTables = new Map(this.#policies.ofTables);
    if (statements === undefined) ofTables.delete(tableArn);
    else ofTables.set(tableArn, statements);
    this.#policies = { ...this.#policies, ofTables };
    this.#denials.clear();
  }

  /** A function signs with its logical id, a role with its name. Any other key is `outside`. */
  principalOf(accessKeyId: string | undefined): string {
    return accessKeyId !== undefined && this.#principals.has(accessKeyId) ? accessKeyId : OUTSIDE;
  }

  /** Throws `iam.invalidPolicy` if AWS would refuse a policy of a role or of a table. */
  async checkPolicies(): Promise<void> {
    for (const principal of this.#principals.values()) await evaluate(principal, ANYTHING, []);
    for (const statements of this.#policies.ofTables.values()) await evaluate(this.#outside, ANYTHING, statements);
  }

  /** Why the principal may not do all of it, in AWS's words. Undefined if it may. */
  async findDenial(principal: string, needs: readonly Need[]): Promise<string | undefined> {
    for (const need of needs) {
      const denial = await this.#decide(principal, need);
      if (denial !== undefined) return denial;
    }
    return undefined;
  }

  /** Every need that was decided, once. */
  accesses(): readonly Access[] {
    return this.#accesses;
  }

  #decide(name: string, need: Need): Promise<string | undefined> {
    const key = JSON.stringify([name, need.action, need.resource, need.enclosing]);
    const known = this.#denials.get(key);
    if (known !== undefined) return known;
    const decided = this.#evaluate(name, need);
    // Names come from requests, and a test may make up any number of them.
    if (this.#denials.size < ACCESSES_KEPT_MAX) this.#denials.set(key, decided);
    return decided;
  }

  async #evaluate(name: string, need: Need): Promise<string | undefined> {
    const principal = this.#principals.get(name) as Principal;
    const tableStatements = principal.isHeldByTables ? this.#tableStatements(need.resource) : [];
    const outcome = await evaluate(principal, need, tableStatements);
    if (this.#accesses.length < ACCESSES_KEPT_MAX) {
      this.#accesses.push({ principal: name, ...need, allowed: outcome === 'Allowed' });
    }
    if (outcome === 'Allowed') return undefined;
    if (outcome === 'ImplicitlyDenied') {
      return wordsFor(principal, need, `because no identity-based policy allows the ${need.action} action`);
    }
    const isOwn = (await evaluate(principal, need, [])) === 'ExplicitlyDenied';
    return wordsFor(principal, need, `with an explicit deny in ${isOwn ? 'an identity' : 'a resource'}-based policy`);
  }

  #tableStatements(resource: string): readonly Statement[] {
    const { ofTables } = this.#policies;
    if (resource === ANY_TABLE) return [...ofTables.values()].flat();
    return ofTables.get(resource.replace(/\/index\/.*$/s, '')) ?? [];
  }
}
