/** A user's app over tables of its own, as three files of its project: four kinds, the stack before and after it adopts them, and what it does. */

/** Leases of units in buildings, and the documents that they share. */
export const KINDS = `
import { defineLifecycle } from 'deallocator';

export const RENTALS = defineLifecycle({
  kinds: {
    building: { table: 'buildings', key: { buildingId: '\${building}' } },
    unit: {
      table: 'units',
      key: { buildingId: '\${building}', unitNo: '\${unit}' },
      dependsOn: [{ kind: 'building', by: 'key' }],
    },
    document: { table: 'documents', key: { docId: '\${document}' } },
    lease: {
      table: 'leases',
      key: { leaseId: '\${lease}' },
      dependsOn: [
        { kind: 'unit', by: 'value', at: 'unitRef', as: '\${building}/\${unit}', onDelete: 'restrict' },
        { kind: 'document', by: 'value', at: 'papers[].docId' },
      ],
      goneWhen: { at: 'status', isOneOf: ['ended'] },
    },
  },
});
`;

/** Before: four tables without stream or index. After: the same tables, with what the deallocator needs, and the deallocator. */
export const APP = `
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AttributeType, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Deallocator } from 'deallocator/infra';
import { RENTALS } from './kinds.mjs';

const [outdir, stage] = process.argv.slice(2);
const isAdopted = stage === 'adopted';
const app = new App({ outdir });
const stack = new Stack(app, 'Rentals');
const text = (name: string) => ({ name, type: AttributeType.STRING });
const table = (id: string, partition: string, sort?: string) =>
  new Table(stack, id, {
    partitionKey: text(partition),
    ...(sort !== undefined && { sortKey: text(sort) }),
    ...(isAdopted && { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
  });
const tables = {
  buildings: table('Buildings', 'buildingId'),
  units: table('Units', 'buildingId', 'unitNo'),
  documents: table('Documents', 'docId'),
  leases: table('Leases', 'leaseId'),
};
if (isAdopted) {
  for (const [guarded, key] of [[tables.buildings, 'buildingId'], [tables.units, 'buildingId'], [tables.documents, 'docId']] as const) {
    guarded.addGlobalSecondaryIndex({
      indexName: 'marked',
      partitionKey: text(key),
      sortKey: text('markedAt'),
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
  const deallocator = new Deallocator(stack, 'Deallocator', { lifecycle: RENTALS, tables });
  new CfnOutput(stack, 'Sweep', { value: deallocator.functions.sweep.functionName });
  for (const [name, { tableName }] of Object.entries(deallocator.tables)) new CfnOutput(stack, 'Name' + name, { value: tableName });
} else {
  for (const [name, { tableName }] of Object.entries(tables)) new CfnOutput(stack, 'Name' + name, { value: tableName });
}
app.synth();
`;

/** One thing at a time, each told in a line. */
export const STORY = `
import { DeallocatorClient, isDeallocatorError } from 'deallocator';
import { RENTALS } from './kinds.mjs';

const { tables, connection } = JSON.parse(process.argv[2] as string);
const client = new DeallocatorClient({ lifecycle: RENTALS, tables, connection });
const unit = { building: 'b1', unit: '2' };
const isThere = (work: Promise<unknown>) => work.then(() => 'there', (error) => (isDeallocatorError(error, 'NotFound') ? 'gone' : String(error)));
const acts: Record<string, () => Promise<unknown>> = {
  mark: async () => {
    await client.remove('document', 'rules');
    await client.remove('unit', unit, { whenInUse: 'wait' });
    await client.remove('building', 'b1');
  },
  restrict: () => client.remove('unit', { building: 'b1', unit: '3' }).catch(({ message }) => message),
  fence: () => client.create('lease', { leaseId: 'new', unitRef: 'b1/2', papers: [] } as { leaseId: string }).catch(({ message }) => message),
  look: async () => [
    await isThere(client.get('document', 'rules')),
    await isThere(client.get('unit', unit)),
    await isThere(client.get('building', 'b1')),
  ].join(' '),
  end: () => client.update('lease', 'old', (lease) => ({ ...lease, status: 'ended' })),
  rest: async () => {
    await client.delete('lease', ['other']);
    await client.remove('unit', { building: 'b1', unit: '3' });
  },
};
for (const act of process.argv.slice(3)) console.log(act, (await acts[act]?.()) ?? 'done');
process.exit();
`;
