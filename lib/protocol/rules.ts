/** What a deployment has chosen: the same for all of its functions, whatever its kinds are. */
import { RECEIPT_DAYS_DEFAULT } from './limits.ts';

/** What a deployment may choose. What changes its kinds is in its lifecycle. */
export interface Rules {
  /** How long a mark must be old before its object may go. After that, only what keeps it delays it. */
  readonly gracePeriodMillis: number;
  /** Days that the receipt of a deletion is kept. */
  readonly receiptDays: number;
}

/** No grace period; receipts are kept for 90 days. */
export const DEFAULT_RULES: Rules = { gracePeriodMillis: 0, receiptDays: RECEIPT_DAYS_DEFAULT };
