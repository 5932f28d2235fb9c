/** Backups beside point-in-time recovery, for those who must keep them elsewhere or longer than 35 days. */
import { BackupResource, BackupSelection, type IBackupPlan } from 'aws-cdk-lib/aws-backup';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { refuseOtherRegion } from './surroundings.ts';

export interface BackupProps {
  /**
   * The plan of AWS Backup that the created tables are selected for, all of them, so that each backup is of one time. AWS Backup
   * gets a role with AWS's own managed policy for that. Charged by stored GB. How to restore: docs/runbook.md.
   * @default - none: point-in-time recovery goes back 35 days
   */
  readonly backupPlan?: IBackupPlan;
}

export function selectForBackup(scope: Construct, tables: readonly ITable[], { backupPlan }: BackupProps): void {
  if (backupPlan === undefined || tables.length === 0) return;
  refuseOtherRegion(scope, 'backupPlan', backupPlan);
  const resources = tables.map((table) => BackupResource.fromDynamoDbTable(table));
  new BackupSelection(scope, 'Backup', { backupPlan, resources });
}
