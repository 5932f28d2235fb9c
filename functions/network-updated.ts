// placeholder until lib/streams stands
export const handler = async (): Promise<void> => {};
