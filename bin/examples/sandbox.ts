/**
 * Sandbox accounts, as aws-solutions/innovation-sandbox-on-aws leases them: a blueprint can't be removed while a lease template names
 * it, nor that while a lease is running. Other rows of a blueprint lie under its partition key; they are of no kind here.
 */
import { defineLifecycle } from '../../lib/lifecycle/define.ts';

export const SANDBOX = defineLifecycle({
  kinds: {
    blueprint: { table: 'blueprints', key: { PK: 'bp#${blueprint}', SK: 'blueprint' } },
    leaseTemplate: {
      table: 'leaseTemplates',
      key: { uuid: '${leaseTemplate}' },
      dependsOn: [{ kind: 'blueprint', by: 'value', at: 'blueprintId', onDelete: 'restrict' }],
    },
    lease: {
      table: 'leases',
      key: { userEmail: '${user}', uuid: '${lease}' },
      dependsOn: [{ kind: 'leaseTemplate', by: 'value', at: 'originalLeaseTemplateUuid', onDelete: 'restrict' }],
      goneWhen: { at: 'status', isOneOf: ['Expired', 'BudgetExceeded', 'ManuallyTerminated', 'AccountQuarantined'] },
    },
  },
});
