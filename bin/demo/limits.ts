/** The demo's own numbers, each with its unit and its reason. */

/** From the first stopped task to the last: long enough to watch, and with all else well under a minute. */
export const DRAIN_MILLIS = 18_000;
/** Moments at which tasks stop. More tasks than this stop several at a time, so that a large cluster takes no longer. */
export const STOPS_MAX = 200;
/** How often a task of another stack is replaced. */
export const REPLACE_EVERY_MILLIS = 700;
/** Tasks of the service that another stack creates meanwhile. */
export const NEW_SERVICE_TASKS = 3;

/** After the last task the functions need a batching window and some polls, about two seconds; a busy machine needs more. */
export const QUIET_TIMEOUT_MILLIS = 60_000;
/** All of it. The sample takes about half a minute; the largest snapshot that is accepted takes some minutes to load. */
export const DEMO_TIMEOUT_MILLIS = 600_000;

/** Redraws in a terminal: more often flickers on slow ones. */
export const REDRAWS_PER_SECOND = 8;
export const PROGRESS_EVERY_MILLIS = 250;
/** Without a terminal: a progress line now and then. */
export const PLAIN_PROGRESS_EVERY_MILLIS = 4_000;
/** Bars that are drawn at a time; more would scroll a small terminal, and then they can't be redrawn. */
export const BARS_MAX = 12;
/** Rows of a summary's list, before it says how many more there are. */
export const ROWS_MAX = 20;
/** Log lines of the functions that are shown when something is off. */
export const TROUBLE_LINES_MAX = 20;
/** Services that are named as the users of one network. */
export const USERS_NAMED_MAX = 3;
