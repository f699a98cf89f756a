import type { McpServer, RegisteredTool, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server';
import { fromJsonSchema } from '@modelcontextprotocol/server';
import type { Static, TObject } from 'typebox';
import type { CompanyDatabase } from '../database.ts';
import type { Guard } from '../guard.ts';

/** One tool of the demo company, before it is registered on a server instance. */
export interface CompanyTool {
  readonly name: string;
  readonly register: (server: McpServer, company: CompanyContext) => RegisteredTool;
}

/** What a tool works with; the description may be replaced at run time (that is the rug pull of the demo). */
export interface CompanyContext {
  readonly database: CompanyDatabase;
  readonly descriptions: ReadonlyMap<string, string>;
  /** Verifies calls that could do harm. `null`: every call is carried out. */
  readonly guard: Guard | null;
}

interface ToolSpec<Input extends TObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly input: Input;
  /** Which calls could do harm. Left out: none. */
  readonly guarded?: (args: Static<Input>) => boolean;
  readonly run: (call: ToolCall<Static<Input>>) => object | Promise<object>;
}

export interface ToolCall<Args> {
  readonly args: Args;
  readonly database: CompanyDatabase;
  readonly context: ServerContext;
}

/** A thrown error becomes a tool result with `isError`, which is what the model should read. */
export function companyTool<Input extends TObject>(spec: ToolSpec<Input>): CompanyTool {
  // Compiled once here, not per server instance: the stateless revision makes an instance per request.
  const inputSchema = fromJsonSchema<Static<Input>>(spec.input);
  const { name, title, annotations } = spec;
  return {
    name,
    register: (server, company) => {
      const description = company.descriptions.get(name) ?? spec.description;
      return server.registerTool(name, { title, description, annotations, inputSchema }, async (args, context) => {
        if (company.guard !== null && spec.guarded?.(args) === true) {
          const why = await company.guard({ tool: name, args, context });
          if (why !== null) throw new Error(why);
        }
        const result = await spec.run({ args, database: company.database, context });
        return { content: [{ type: 'text' as const, text: JSON.stringify(result) }] };
      });
    },
  };
}
