/** DynamoDB may process a part of a batch and leave over the rest at any time, says its documentation. This does it. */

type Body = Readonly<Record<string, unknown>>;

const LEFT_OVER: Readonly<Record<string, string>> = {
  BatchGetItem: 'UnprocessedKeys',
  BatchWriteItem: 'UnprocessedItems',
};

interface HalvedBatch {
  /** What the engine gets. Undefined if nothing of the batch is left for it. */
  readonly body: Body | undefined;
  /** Adds what was left over to the engine's answer. */
  complete(answer: Body): Body;
}

/** Undefined for any other operation. */
export function halveBatch(operation: string, body: Body): HalvedBatch | undefined {
  if (operation === 'BatchExecuteStatement') return halveStatements(body);
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

/** Each statement stands alone: one that is throttled is answered so in its place. */
function halveStatements(body: Body): HalvedBatch {
  const statements = body.Statements as readonly unknown[];
  const now = statements.slice(0, Math.floor(statements.length / 2));
  const failure = { Code: 'ThrottlingError', Message: 'Throughput exceeds the current throughput limit of the table' };
  const throttled = statements.slice(now.length).map(() => ({ Error: failure }));
  return {
    body: now.length > 0 ? { ...body, Statements: now } : undefined,
    complete: (answer) => ({
      ...answer,
      Responses: [...((answer.Responses ?? []) as readonly unknown[]), ...throttled],
    }),
  };
}
