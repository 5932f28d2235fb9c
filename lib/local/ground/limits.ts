/** Every number that bounds the local cloud, each with its unit and its reason. */

/** Java's heap for the engine. 160–320 MB are resident with small tables; under load the engine uses what it gets. */
export const ENGINE_HEAP_MEGABYTES = 768;
/** The engine answers 1.6 s after its start on an idle machine; a loaded one may take many times that. */
export const ENGINE_START_TIMEOUT_MILLIS = 60_000;
export const ENGINE_START_POLL_MILLIS = 50;
/** How long a child process may take to end by itself before it is killed. */
export const PROCESS_STOP_TIMEOUT_MILLIS = 3_000;
/** The engine's oldest Java. */
export const JAVA_MAJOR_VERSION_MIN = 17;
/** What is kept of a child's standard error, to be shown when it fails. */
export const ENGINE_LOG_CHARACTERS_MAX = 4_000;

/** DynamoDB's largest request or answer has 16 MB (BatchGetItem's answer). */
export const GATEWAY_BODY_BYTES_MAX = 32 * 1024 * 1024;
/** Connections from the gateway to the engine. More would only queue up inside the engine. */
export const GATEWAY_SOCKETS_MAX = 128;

/** Lambda polls a shard four times a second. */
export const POLL_INTERVAL_MILLIS = 250;
/** The shortest interval between polls, whatever the clock rate: an empty read costs the engine about a millisecond. */
export const POLL_INTERVAL_MILLIS_MIN = 5;
/**
 * A read is followed by a rest of so many times what it took, but never a longer one than Lambda's. For each read the engine
 * looks through everything that was written to any table since the shard's last record. With 30,000 such records, the polls of a
 * fast clock left the engine a fifteenth of its writes.
 */
export const POLL_REST_SHARE = 4;
/**
 * How often, in real time, a shard is read while no write to its table passes the gateway. The polls in between would find
 * nothing, except removals by time to live and writes straight to the engine.
 */
export const UNWRITTEN_POLL_INTERVAL_MILLIS = 1_000;
/** Records in one GetRecords: the API's maximum. */
export const GET_RECORDS_ITEMS_MAX = 1_000;
/** Shards that one DescribeStream page lists: the API's maximum. */
export const DESCRIBE_STREAM_SHARDS_MAX = 100;
/** Pages of DescribeStream: 10,000 shards are more than a local stream ever has. */
export const DESCRIBE_STREAM_PAGES_MAX = 100;
/** How often a stream's shards are listed again while none has ended. A rollover ends one first. */
export const SHARD_LIST_INTERVAL_MILLIS = 30_000;
/** Reading of a shard stops while so many of its records are undelivered: the largest batch. */
export const SHARD_BUFFER_RECORDS_MAX = 10_000;
/** A mapping stops with an error after so many failed reads in a row: a minute, which an engine may take to start again. */
export const STREAM_READ_FAILURES_MAX = 240;

/**
 * A record is visible at the latest this long after the engine has answered the write. Measured: at once. After 7,500 writes by
 * 144 writers to three tables, no read that began after a write's answer missed its record. `quiesce` relies on it, and so do the
 * polls that are left out.
 */
export const STREAM_LAG_MILLIS = 25;
/** How often `quiesce` looks again. */
export const QUIESCE_POLL_MILLIS = 5;
export const QUIESCE_TIMEOUT_MILLIS_DEFAULT = 120_000;

/** Lambda's payload limit for one synchronous invocation. */
export const PAYLOAD_BYTES_MAX = 6 * 1024 * 1024;
export const BATCH_SIZE_DEFAULT = 100;
export const BATCH_SIZE_MAX = 10_000;
export const BATCHING_WINDOW_SECONDS_MAX = 300;
export const PARALLELIZATION_FACTOR_MAX = 10;
export const RETRY_ATTEMPTS_MAX = 10_000;
export const RECORD_AGE_SECONDS_MIN = 60;
export const RECORD_AGE_SECONDS_MAX = 604_800;
export const FILTERS_MAX = 10;
export const FILTER_PATTERN_CHARACTERS_MAX = 4_096;
/** Pause before retry n of a batch: base · 2ⁿ, at most the maximum. AWS backs off but does not say how long. */
export const RETRY_PAUSE_BASE_MILLIS = 500;
export const RETRY_PAUSE_MAX_MILLIS = 60_000;

/** Lambda's defaults for a function, and its largest timeout. */
export const FUNCTION_TIMEOUT_SECONDS_DEFAULT = 3;
export const FUNCTION_TIMEOUT_SECONDS_MAX = 900;
export const FUNCTION_MEMORY_MEGABYTES_DEFAULT = 128;
/** The share of a function's memory for its JavaScript heap. The runtime itself takes the rest. */
export const FUNCTION_HEAP_SHARE = 0.9;
/** Processes of one function at a time, unless it reserves a concurrency: 5 mappings · 10 lanes. */
export const FUNCTION_ENVIRONMENTS_MAX = 50;
/** How long a process may take to load its bundle. Lambda allows 10 s; here few cores serve many processes. */
export const FUNCTION_INIT_TIMEOUT_MILLIS = 30_000;
/** Invocations that wait for a free environment of one function. Only a function that causes itself gets so many. */
export const FUNCTION_QUEUE_MAX = 10_000;
/** A log line that is longer is cut into several. */
export const LOG_LINE_CHARACTERS_MAX = 256 * 1024;

/** Retries of an asynchronous invocation: Lambda's default, and its limit. */
export const ASYNC_RETRY_ATTEMPTS_DEFAULT = 2;
/** The pause before the first retry; before the second it is twice as long. */
export const ASYNC_RETRY_PAUSE_MILLIS = 60_000;
export const ASYNC_EVENT_AGE_SECONDS_DEFAULT = 21_600;
/** Asynchronous invocations that are accepted and not finished. */
export const ASYNC_QUEUE_MAX = 1_000;
/** Node's timers hold 31 bits of milliseconds. */
export const TIMER_MILLIS_MAX = 2 ** 31 - 1;

/** Messages that all queues keep; then the oldest goes. SQS has no such limit, a laptop has. */
export const QUEUE_MESSAGES_MAX = 10_000;

/** Decisions of IAM that are kept. A deployment has some hundreds; a test that makes up names may cause any number. */
export const ACCESSES_KEPT_MAX = 10_000;

/** How deep a template's values, or an attribute value, may nest. DynamoDB allows 32 levels. */
export const NESTING_MAX = 64;

/** Between two looks whether an index over a table that is there has been built: the engine takes a second or two. */
export const INDEX_LOOK_MILLIS = 100;
/** A minute: a machine with much else to do. */
export const INDEX_LOOKS_MAX = 600;
