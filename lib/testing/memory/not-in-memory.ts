/** A request that DynamoDB knows, and DynamoDB in memory does not. Nothing is guessed: half an answer would prove nothing. */
export class NotInMemoryError extends Error {
  /** The same in every copy of this package, where `instanceof` is not. */
  override readonly name = 'NotInMemoryError';

  /** @param what such as `CreateTable`, or `a put of BatchWriteItem` */
  constructor(what: string) {
    super(
      `DynamoDB in memory does not know ${what}; leave it out here, or test that code on startLocalCloud of ` +
        '"deallocator/testing", which runs Amazon\'s own engine',
    );
  }
}
