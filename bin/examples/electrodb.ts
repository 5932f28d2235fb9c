/**
 * Shelves and books that ElectroDB writes, each in a table of its own, under keys that ElectroDB makes. Each creation, change and deletion
 * of a book is one transaction: ElectroDB's own action, and the parts that keep the deallocator's promises.
 */
import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { Entity } from 'electrodb';
import type { DeallocatorClient, TransactionPart } from '../../lib/client/index.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';

export const LIBRARY = defineLifecycle({
  kinds: {
    shelf: { table: 'shelves', key: { pk: 'shelf#${shelf}', sk: 'shelf' } },
    book: {
      table: 'books',
      key: { pk: 'book#${book}', sk: 'book' },
      dependsOn: [{ kind: 'shelf', by: 'value', at: 'shelfId', onDelete: 'restrict' }],
      goneWhen: { at: 'status', isOneOf: ['lost', 'sold'] },
    },
  },
});

/** ElectroDB's entities. Their keys are those of the declaration: `casing`, since ElectroDB makes capitals small if it is not told. */
export function entitiesOf(
  client: DynamoDBDocumentClient,
  tables: { readonly shelves: string; readonly books: string },
) {
  const shelf = new Entity(
    {
      model: { entity: 'shelf', service: 'library', version: '1' },
      attributes: { shelfId: { type: 'string', required: true }, room: { type: 'string' } },
      indexes: {
        byId: {
          pk: { field: 'pk', composite: ['shelfId'], template: 'shelf#${shelfId}', casing: 'none' },
          sk: { field: 'sk', composite: [], template: 'shelf', casing: 'none' },
        },
      },
    },
    { client, table: tables.shelves },
  );
  const book = new Entity(
    {
      model: { entity: 'book', service: 'library', version: '1' },
      attributes: {
        isbn: { type: 'string', required: true },
        shelfId: { type: 'string' },
        status: { type: ['here', 'lent', 'lost', 'sold'] as const, default: 'here' },
      },
      indexes: {
        byIsbn: {
          pk: { field: 'pk', composite: ['isbn'], template: 'book#${isbn}', casing: 'none' },
          sk: { field: 'sk', composite: [], template: 'book', casing: 'none' },
        },
      },
    },
    { client, table: tables.books },
  );
  return { shelf, book };
}

interface Library {
  readonly db: DynamoDBDocumentClient;
  readonly deallocator: DeallocatorClient<typeof LIBRARY>;
  readonly entities: ReturnType<typeof entitiesOf>;
}

/** A shelf depends on nothing: ElectroDB may write it alone. Its condition is that it is not there. */
export async function createShelf({ entities }: Library, shelf: { readonly shelfId: string }): Promise<void> {
  await entities.shelf.create(shelf).go();
}

/** The shelf is there and not marked, and is held from now on: or nothing is written. */
export async function createBook(
  { db, deallocator, entities }: Library,
  book: { readonly isbn: string; readonly shelfId?: string },
): Promise<void> {
  const put = entities.book.create(book).params<PutParameters>();
  await transact(db, [{ Put: put }, ...deallocator.hold('book', put.Item)]);
}

/** The other shelf is there and not marked; the one before is let go. Fails if the book has moved meanwhile. */
export async function moveBook({ db, deallocator, entities }: Library, isbn: string, shelfId: string): Promise<void> {
  const before = await readBook({ db, deallocator, entities }, isbn);
  const update = entities.book
    .patch({ isbn })
    .set({ shelfId })
    .where((field, { eq, notExists }) =>
      before.shelfId === undefined ? notExists(field.shelfId) : eq(field.shelfId, before.shelfId),
    )
    .params();
  await transact(db, [{ Update: update }, ...deallocator.hold('book', { ...before, shelfId }, { before })]);
}

/** Without `release` the functions let the shelf go a moment later. */
export async function deleteBook({ db, deallocator, entities }: Library, isbn: string): Promise<void> {
  const before = await readBook({ db, deallocator, entities }, isbn);
  const remove = entities.book.remove({ isbn }).params();
  await transact(db, [{ Delete: remove }, ...deallocator.release('book', before)]);
}

/** With its key attributes, which ElectroDB leaves out of what it gives. */
async function readBook({ entities }: Library, isbn: string): Promise<StoredBook> {
  const { data } = await entities.book.get({ isbn }).go({ data: 'raw', consistent: true });
  return (data as unknown as { Item: StoredBook }).Item;
}

async function transact(db: DynamoDBDocumentClient, actions: readonly (object | TransactionPart)[]): Promise<void> {
  await db.send(new TransactWriteCommand({ TransactItems: actions as TransactionPart[] }));
}

interface StoredBook {
  readonly pk: string;
  readonly sk: string;
  readonly shelfId?: string;
}
interface PutParameters {
  readonly TableName: string;
  readonly Item: StoredBook;
}
