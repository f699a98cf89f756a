import {
  API,
  type Checker,
  type Project,
  SymbolFlags,
  type Symbol as TsSymbol,
  type Type,
  TypeFlags,
} from 'typescript/unstable/sync';
import { describedWith, isFraction } from './units.ts';

/** Names that say enough beside the code they stand in, and too little in a client made from the document. */
const NAMES: Readonly<Record<string, string>> = {
  Accepted: 'DefinitionAccepted',
  Answered: 'ApprovalAnswered',
  AnswerLine: 'ApprovalAnswer',
  Decision: 'ReviewDecision',
  DecidedLine: 'ReviewLine',
  Delivered: 'NoticeDelivered',
  Gone: 'ConnectionRemoved',
  Keys: 'SigningKeys',
  Named: 'NamedPerson',
  Outcome: 'ReviewOutcome',
  Part: 'RequirementPart',
  Place: 'RequirementPlace',
  Progress: 'ImportProgress',
  Proof: 'DecommissionProof',
  Rejected: 'AgentRejected',
  Removed: 'CredentialsRemoved',
  Revoked: 'StandingRevoked',
  RingKey: 'SigningKey',
  Rotated: 'VaultRotated',
  Slot: 'RequirementSlot',
  Who: 'RequirementWho',
};

type Schema = { readonly [key: string]: unknown };

/** What the administrative API answers: the schema of each answer, and those they share, by name. */
export interface AnswerSchemas {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly answers: Readonly<Record<string, Schema>>;
}

/** Any JSON: what a tool was sent, a configuration somebody wrote. */
const OPEN: Readonly<Record<string, Schema>> = {
  Json: {},
  JsonObject: { type: 'object', additionalProperties: true },
};

/**
 * JSON Schema (2020-12) of the members of the interface `Answers`, as the type checker knows them. Whatever has no plain form in JSON
 * (functions, maps, classes) is refused.
 */
export function answerSchemas(root: string): AnswerSchemas {
  const api = new API({ cwd: root });
  try {
    const config = `${root}/tsconfig.json`;
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined) throw new Error(`${config} is no project`);
    return new Maker(project, root).all(`${root}/src/surfaces/admin/contract/answers.ts`);
  } finally {
    api.close();
  }
}

class Maker {
  readonly #checker: Checker;
  readonly #project: Project;
  readonly #root: string;
  readonly #schemas = new Map<string, Schema>();
  /** Which type has which name: two of one name would be one too few. */
  readonly #named = new Map<string, number>();

  /** Names of sets of words, by the words. */
  readonly #words = new Map<string, string>();

  constructor(project: Project, root: string) {
    this.#project = project;
    this.#checker = project.checker;
    this.#root = root;
  }

  all(file: string): AnswerSchemas {
    const source = this.#project.program.getSourceFile(file);
    const module = source === undefined ? undefined : this.#checker.getSymbolAtLocation(source);
    const found = module && this.#checker.getExportsOfModule(module).find(({ name }) => name === 'Answers');
    if (found === undefined) throw new Error(`${file} has no interface Answers`);
    const routes = this.#checker.getPropertiesOfType(this.#checker.getDeclaredTypeOfSymbol(found));
    const make = () => routes.map((route) => [route.name, this.#of(this.#typeOf(route), route.name)] as const);
    make();
    this.#schemas.clear();
    this.#named.clear();
    // Once more: now the name of every set of words is known, also where `null` is beside them and the checker forgot it.
    const answers = make();
    const sorted = [...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1));
    return { schemas: Object.fromEntries(sorted), answers: Object.fromEntries(answers) };
  }

  #typeOf(symbol: TsSymbol): Type {
    const type = this.#checker.getTypeOfSymbol(symbol);
    if (type === undefined || type.isErrorType()) throw new Error(`${symbol.name} has no type`);
    return type;
  }

  /** `at`: where it stands, for whoever has to mend it; its last part is the name of the member. */
  #of(type: Type, at: string): Schema {
    const alias = type.getAliasSymbol();
    const open = OPEN[alias?.name ?? type.getSymbol()?.name ?? ''];
    if (open !== undefined) return open;
    const { flags } = type;
    if (flags & (TypeFlags.Unknown | TypeFlags.Any)) return {};
    if (flags & TypeFlags.Null) return { type: 'null' };
    if (flags & TypeFlags.String || type.isTemplateLiteralType()) return { type: 'string' };
    if (flags & TypeFlags.Number) return { type: isFraction(at) ? 'number' : 'integer' };
    if (flags & TypeFlags.Boolean) return { type: 'boolean' };
    if (type.isLiteralType()) return { type: typeof type.value, const: type.value };
    if (type.isUnionType()) return this.#union(type.getTypes(), at, alias);
    if (type.isTupleType() || (type.isTypeReference() && this.#checker.isTupleType(type))) return this.#tuple(type, at);
    if (this.#checker.isArrayType(type)) {
      const [item] = this.#checker.getTypeArguments(type as never);
      return { type: 'array', items: this.#of(item as Type, `${at}[]`) };
    }
    if (type.isObjectType() || type.isIntersectionType()) return this.#object(type, at);
    throw new Error(`${at} is no JSON: ${this.#checker.typeToString(type)}`);
  }

  #union(types: readonly Type[], at: string, alias: TsSymbol | undefined): Schema {
    const make = (): Schema => this.#plainUnion(types, at);
    if (alias === undefined || !this.#isOurs(alias)) return make();
    if (types.every((one) => one.isStringLiteralType())) this.#words.set(wordsOf(types), alias.name);
    return this.#component(alias.name, -1, make);
  }

  #plainUnion(types: readonly Type[], at: string): Schema {
    const nullable = types.some(({ flags }) => flags & TypeFlags.Null);
    const rest = types.filter(({ flags }) => !(flags & (TypeFlags.Null | TypeFlags.Undefined)));
    if (
      rest.some((one) => one.getSymbol()?.name === 'JsonObject') &&
      rest.some(({ flags }) => flags & TypeFlags.String)
    )
      return {};
    const known = this.#words.get(wordsOf(rest));
    if (known !== undefined && nullable) {
      const union = this.#component(known, -1, () => this.#plainUnion(rest, at));
      return { anyOf: [union, { type: 'null' }] };
    }
    const literals = rest.filter((one) => one.isLiteralType()).map(({ value }) => value);
    if (literals.length === rest.length) {
      if (literals.length === 2 && literals.every((value) => typeof value === 'boolean'))
        return { type: nullable ? ['boolean', 'null'] : 'boolean' };
      const type = [...new Set(literals.map((value) => typeof value))];
      if (nullable) type.push('null' as never);
      return { type: type.length === 1 ? type[0] : type, enum: [...literals.sort(), ...(nullable ? [null] : [])] };
    }
    const flags = rest.filter(({ flags: of }) => of & TypeFlags.BooleanLiteral);
    const others = flags.length === 2 ? rest.filter((one) => !flags.includes(one)) : rest;
    const members = [
      ...others.map((one) => this.#of(one, at)),
      ...(others.length < rest.length ? [{ type: 'boolean' }] : []),
    ];
    const [only] = members;
    if (!nullable) return members.length === 1 ? (only as Schema) : { anyOf: members };
    if (members.length === 1 && typeof only?.type === 'string' && only.enum === undefined)
      return { ...only, type: [only.type, 'null'] };
    return { anyOf: [...members, { type: 'null' }] };
  }

  #tuple(type: Type, at: string): Schema {
    const items = this.#checker.getTypeArguments(type as never).map((one) => this.#of(one, `${at}[]`));
    return { type: 'array', prefixItems: items, items: false, minItems: items.length, maxItems: items.length };
  }

  #object(type: Type, at: string): Schema {
    const alias = type.getAliasSymbol();
    const symbol = alias !== undefined && this.#isOurs(alias) ? alias : type.getSymbol();
    const isNamed = symbol !== undefined && !symbol.name.startsWith('__') && this.#isOurs(symbol);
    if (!isNamed) return this.#members(type, at);
    const given =
      symbol === alias ? type.getAliasTypeArguments() : type.isTypeReference() ? this.#argumentsOf(type) : [];
    const name = `${given.map((one) => nameOf(one)).join('')}${symbol.name}`;
    return this.#component(name, type.id, () => {
      const description = describedWith('', symbol.getDocumentationComment(this.#checker));
      return { ...(description === null ? {} : { description }), ...this.#members(type, name) };
    });
  }

  #argumentsOf(type: Type): readonly Type[] {
    return this.#checker
      .getTypeArguments(type as never)
      .filter((one) => !one.isTypeParameter() && !(one.flags & TypeFlags.Unknown));
  }

  #members(type: Type, at: string): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const member of this.#checker.getPropertiesOfType(type)) {
      const own = this.#typeOf(member);
      if (own.flags & TypeFlags.Never) continue;
      if (this.#checker.getSignaturesOfType(own, 0).length > 0) throw new Error(`${at}.${member.name} is a function`);
      const optional = (member.flags & SymbolFlags.Optional) !== 0;
      if (!optional) required.push(member.name);
      const description = describedWith(member.name, member.getDocumentationComment(this.#checker));
      const schema = this.#of(own, `${at}.${member.name}`);
      properties[member.name] = description === null ? schema : { ...schema, description };
    }
    const [index] = this.#checker.getIndexInfosOfType(type);
    const more = index === undefined ? false : this.#of(index.valueType, `${at}.*`);
    return {
      type: 'object',
      ...(required.length === 0 ? {} : { required }),
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      additionalProperties: more,
    };
  }

  #component(plain: string, id: number, make: () => Schema): Schema {
    const name = NAMES[plain] ?? plain;
    const known = this.#named.get(name);
    if (known !== undefined && known !== id) throw new Error(`two types are named ${name}: rename one of them`);
    if (known === undefined) {
      this.#named.set(name, id);
      this.#schemas.set(name, make());
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #isOurs(symbol: TsSymbol): boolean {
    return (symbol.declarations ?? []).some((each) => String(each.path).startsWith(`${this.#root}/src/`));
  }
}

function nameOf(type: Type): string {
  const name = (type.getAliasSymbol() ?? type.getSymbol())?.name ?? '';
  return NAMES[name] ?? name;
}

function wordsOf(types: readonly Type[]): string {
  return types
    .map((one) => (one.isStringLiteralType() ? one.value : '?'))
    .sort()
    .join('|');
}
