/**
 * Stands in the functions' bundles for parts of the SDK that no request of theirs comes to: streams of events, which DynamoDB has
 * none of, and the cache of discovered endpoints, which no command of its client asks for.
 */
export class EndpointCache {}
