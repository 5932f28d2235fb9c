/** Who may do what to which table stands in the plan; here it becomes statements of policies. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Permissions } from '../lifecycle/permissions.ts';

export type TableArns = Readonly<Record<string, { readonly tableArn: string }>>;

/** One statement for each table or index, on exactly that resource. */
export function toStatements(permissions: Permissions, tables: TableArns): PolicyStatement[] {
  return Object.entries(permissions).map(
    ([target, actions]) =>
      new PolicyStatement({
        actions: actions.map((action) => `dynamodb:${action}`),
        resources: [arnOf(target, tables)],
      }),
  );
}

function arnOf(target: string, tables: TableArns): string {
  const [table, index] = target.split('/') as [string, string | undefined];
  const { tableArn } = tables[table] as TableArns[string];
  return index === undefined ? tableArn : `${tableArn}/index/${index}`;
}
