/** Every number that bounds the deallocator, with its unit and its reason. A fact about AWS names its source page. */

/**
 * Actions in one TransactWriteItems.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
 */
export const TRANSACTION_ACTIONS_MAX = 100;

/**
 * Networks that one service may refer to. The deletion's transaction needs three actions for the service, its counter and the
 * receipt, and three for each network: its attachment, the network itself and the network's counter. 3 + 3 · 32 = 99 of 100.
 */
export const NETWORKS_PER_SERVICE_MAX = 32;

/** Tasks put by one transaction: all its actions but the one that checks the service (the fence). */
export const TASKS_PER_TRANSACTION_MAX = TRANSACTION_ACTIONS_MAX - 1;

/** Attachments that one healing transaction sets right. Fewer than fit: with each, another transaction may conflict. */
export const HEALS_PER_TRANSACTION_MAX = 49;

/** Items told by one transaction: few, since the program that runs them writes to the same items at the same time. */
export const TELLS_PER_TRANSACTION_MAX = 25;
/** Tries of one such transaction, each without the items that went meanwhile. The next sweep tries the others. */
export const TELL_TRIES_MAX = 5;
/** Items of one kind that one run tells: some seconds of work. The next sweep goes on with the others. */
export const TOLD_ITEMS_MAX = 10_000;
/** Pages (of 1 MB) that one run reads to find these: some million items that were told before. */
export const TELL_PAGES_MAX = 1000;

/** Days that a receipt is kept, unless the deployment says otherwise: a quarter of a year. */
export const RECEIPT_DAYS_DEFAULT = 90;

/** Bytes (UTF-8) that a mark keeps of who made it and why. A receipt, whose item ends at 400 KB, has room for 33 of each. */
export const MARKED_BY_BYTES_MAX = 256;
export const MARKED_REASON_BYTES_MAX = 1024;
/** What a receipt keeps of an object's name: Docker's have 63. */
export const NAME_BYTES_MAX = 256;

/** Keys in one BatchGetItem. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
export const BATCH_GET_KEYS_MAX = 100;

/**
 * Statements in one BatchExecuteStatement.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
 */
export const STATEMENTS_MAX = 25;

/**
 * Parents in one read with `IN`: as many partition keys as DynamoDB takes there.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html
 */
export const COUNTED_TOGETHER_MAX = 50;
/**
 * Reads by which the parents of one count are told apart, before each is counted alone. A further read is only needed where the
 * children of some fill 1 MB: three of such size in one batch are rare.
 */
export const COUNT_READS_MAX = 3;

/**
 * Small transactions that are sent as one. A cancelled group is charged once for nothing: where one service in a thousand is
 * refused or in conflict, a group of 25 costs 2.5 % more write units than services alone, and 24 requests less.
 */
export const TRANSACTIONS_TOGETHER_MAX = 25;

/** Requests in one BatchWriteItem. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const BATCH_WRITE_ITEMS_MAX = 25;

/**
 * Bytes (UTF-8) of a partition key, and of a sort key.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export const PARTITION_KEY_BYTES_MAX = 2048;
export const SORT_KEY_BYTES_MAX = 1024;

/**
 * Children counted by one recount: as many as the largest batch that a mapping can deliver, so that recounts stay rarer than
 * batches. DynamoDB ends the page at 1 MB in any case. A count costs 1 read unit for each 4 KB of children: a smaller page
 * would cost the same for each child, with more writes in between.
 */
export const CHILD_COUNT_PAGE_ITEMS = 10_000;

/** Pages that a count turns before it gives up. One is enough unless `taskIsGone: 'terminal'` filters ended tasks out. */
export const CHILD_COUNT_PAGES_MAX = 100;

/** Rounds of one settle. Each extra round is charged to another handler's progress; ten in a row mean contention. */
export const SETTLE_ROUNDS_MAX = 10;
/** Rounds of one heal, for the same reason. */
export const HEAL_ROUNDS_MAX = 10;
/** Pause before round n of a settle or heal: a random part of base · 2ⁿ, at most the maximum ("full jitter"). */
export const ROUND_PAUSE_BASE_MILLIS = 20;
export const ROUND_PAUSE_MAX_MILLIS = 1000;

/**
 * Parents of one batch, or of one page of a sweep, that are settled together, step by step in the same requests: 10 BatchGetItem,
 * 20 reads with `IN`, 40 batches of statements side by side, which the client's sockets hold. More would only wait in line.
 */
export const PARENTS_TOGETHER_MAX = 1000;
/** Parents that a report looks at side by side, each by its own requests. */
export const PARENTS_IN_PARALLEL = 16;
/** Networks of one service, or services of one network, that a report looks at side by side. */
export const NETWORKS_IN_PARALLEL = 8;
/** Users of one marked network that a sweep reads together: what one BatchGetItem takes. */
export const USERS_TOGETHER_MAX = BATCH_GET_KEYS_MAX;

/**
 * Tries of one request, the first included. Only conflicts, throttling, server and network errors are tried again: there the
 * request itself can't have been wrong. With full jitter, the pauses between eight tries add up to 1.8 s on average and 3.6
 * s at most. If no answer ever comes, eight timeouts of 5 s come on top, and still fit a function's 60 s.
 */
export const REQUEST_TRIES_MAX = 8;
export const REQUEST_PAUSE_BASE_MILLIS = 25;
export const REQUEST_PAUSE_MAX_MILLIS = 1000;
/** How long a connection may take to open, and an answer to come. DynamoDB answers within milliseconds. */
export const CONNECT_TIMEOUT_MILLIS = 1000;
export const REQUEST_TIMEOUT_MILLIS = 5000;
/** Sockets of one client: twice the parents in parallel, since a finalize reads its networks side by side. */
export const SOCKETS_MAX = 64;

/** Parents that a sweep settles together: what one BatchGetItem reads. Between two groups it looks at the time. */
export const SWEPT_TOGETHER_MAX = BATCH_GET_KEYS_MAX;
/** Marked objects or counters that a sweep reads in one page: some seconds of work, so that it can stop in time. */
export const SWEEP_PAGE_ITEMS = 500;
/** A sweep stops between two groups of parents when it has less time than this: a group's worst case, and the report. */
export const SWEEP_RESERVE_MILLIS = 20_000;
/** Attachments of one marked network that a sweep compares with their users: what one page of reads can hold. */
export const SWEEP_ATTACHMENTS_MAX = 1000;

/** Names that a sweep's answer, or a log line, lists before it only counts. Answers end at 6 MB, log lines at 256 KB. */
export const SWEEP_NAMES_MAX = 1000;
export const LOGGED_NAMES_MAX = 20;
/** Characters that a log line keeps of a sweep's trigger: enough for a name. */
export const LOGGED_TRIGGER_CHARACTERS_MAX = 100;

/** Uses that a refusal names before it says "and n more". */
export const BLOCKERS_NAMED_MAX = 5;
/** Tries of a client's update, each on the version that it has just read, before it says `Aborted`. */
export const UPDATE_TRIES_MAX = 5;
/** Items in a page of a client's `list…`, by default and at most. */
export const LIST_PAGE_ITEMS_DEFAULT = 100;
export const LIST_PAGE_ITEMS_MAX = 1000;

/**
 * From the moment at which a sweep takes a new declaration, for so long a function may still run that has read that all was learned:
 * the longest timeout, 15 minutes, and one for clocks that differ.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
 */
export const LEARNING_WAIT_MILLIS = 16 * 60_000;
/** Holders that learning reads in one page: some seconds of work, so that a sweep can stop in time. */
export const LEARNING_PAGE_ITEMS = 1000;
/** Of its time, a sweep gives learning so much at most: what is marked and not being learned must not wait for it. */
export const LEARNING_SHARE_MAX = 0.5;
