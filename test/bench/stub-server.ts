/** A process that answers DynamoDB's requests at once and remembers nothing, so that only the asking costs its asker anything. */
import { createServer } from 'node:http';

type Keys = readonly Record<string, unknown>[];

const LEFT = { remaining: { N: '1000' }, epoch: { S: 'epoch' } };

const ANSWERS: Readonly<Record<string, (input: Record<string, unknown>) => unknown>> = {
  /** Each parent that is asked for is there: each drains. */
  GetItem: ({ Key }) => ({ Item: Key }),
  BatchGetItem: ({ RequestItems }) => {
    const tables = Object.entries(RequestItems as Record<string, { readonly Keys: Keys }>);
    return { Responses: Object.fromEntries(tables.map(([table, { Keys }]) => [table, Keys])), UnprocessedKeys: {} };
  },
  /** And has children left, of one counter or of many. */
  BatchExecuteStatement: ({ Statements }) => ({
    Responses: (Statements as readonly { readonly Parameters: readonly unknown[] }[]).map(({ Parameters }) => ({
      TableName: 'Counters',
      Item: { id: Parameters[2], ...LEFT },
    })),
  }),
  UpdateItem: ({ Key }) => ({ Attributes: { ...(Key as object), ...LEFT } }),
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    const answer = ANSWERS[operation]?.(JSON.parse(Buffer.concat(chunks).toString()));
    const body = JSON.stringify(answer ?? { __type: 'UnknownOperationException' });
    response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  });
});
// On a busy machine the next round may be long in coming.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
