/** A batch of which DynamoDB processes a part and leaves over the rest, as its documentation allows at any time. */

type Body = Readonly<Record<string, unknown>>;

const LEFT_OVER: Readonly<Record<string, string>> = {
  BatchGetItem: 'UnprocessedKeys',
  BatchWriteItem: 'UnprocessedItems',
};

interface HalvedBatch {
  /** What the engine gets; undefined when nothing is left of the batch for it. */
  readonly body: Body | undefined;
  /** Adds what was left over to the engine's answer. */
  complete(answer: Body): Body;
}

/** Undefined for any other operation. */
export function halveBatch(operation: string, body: Body): HalvedBatch | undefined {
  const leftOver = LEFT_OVER[operation];
  if (leftOver === undefined) return undefined;
  const now: Record<string, unknown> = {};
  const later: Record<string, unknown> = {};
  for (const [table, request] of Object.entries(body.RequestItems ?? {})) {
    const list: readonly unknown[] = Array.isArray(request) ? request : request.Keys;
    const middle = Math.floor(list.length / 2);
    const withList = (part: readonly unknown[]) => (Array.isArray(request) ? part : { ...request, Keys: part });
    if (middle > 0) now[table] = withList(list.slice(0, middle));
    later[table] = withList(list.slice(middle));
  }
  return {
    body: Object.keys(now).length > 0 ? { ...body, RequestItems: now } : undefined,
    complete: (answer) => ({ ...(operation === 'BatchGetItem' && { Responses: {} }), ...answer, [leftOver]: later }),
  };
}
