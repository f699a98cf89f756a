export function argumentProblems(_schema: unknown, _args: unknown): string[] { return []; }
