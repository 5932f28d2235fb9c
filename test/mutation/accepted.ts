/** Mutants that no test notices, and why that is right. */
export const ACCEPTED: Readonly<Record<string, string>> = {};
