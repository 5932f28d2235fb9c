/** The demo's own numbers, each with its unit and its reason. */

/** From the first stopped task to the last: long enough to watch, and the whole demo takes well under a minute. */
export const DRAIN_MILLIS = 18_000;
/** Moments at which tasks stop. With more tasks, several stop at a time, so that a large cluster takes no longer. */
export const STOPS_MAX = 200;
/** Of the demo of one's own kinds: between two leaves that end, so that each deletion is seen by itself. */
export const LEAF_EVERY_MILLIS = 900;
/** How often a task of another stack is replaced. */
export const REPLACE_EVERY_MILLIS = 700;
/** Tasks of the new service that another stack creates meanwhile. */
export const NEW_SERVICE_TASKS = 3;

/** After the last task the functions need a batching window and some polls, about two seconds; a busy machine needs more. */
export const QUIET_TIMEOUT_MILLIS = 60_000;
/** The whole demo. The sample takes about half a minute; the largest snapshot that is accepted loads for some minutes. */
export const DEMO_TIMEOUT_MILLIS = 600_000;

/** From the first stopped task until the first service is without tasks: soon, for someone waits to see what it is all about. */
export const FIRST_DRAIN_MILLIS = 1_500;
/** A spinner that turns about once a second. */
export const SPIN_EVERY_MILLIS = 100;
/** Redraws in a terminal. */
export const PROGRESS_EVERY_MILLIS = 250;
/** Without a terminal: the pause between two lines of progress. */
export const PLAIN_PROGRESS_EVERY_MILLIS = 4_000;
/** Bars at a time. More would scroll a small terminal, and then they can't be redrawn. */
export const BARS_MAX = 12;
/** Rows of a table in the summary, before it says how many more there are. */
export const ROWS_MAX = 20;
/** Log lines of the functions that are shown after a failure. */
export const TROUBLE_LINES_MAX = 20;
/** Services that are named as the users of one network. */
export const USERS_NAMED_MAX = 3;
