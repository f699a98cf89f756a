/** What `interlock init` writes. The commented lines show the keys people look for first; all are in docs/configuration.md. */
export function configTemplate(person: { readonly id: string; readonly name: string }): string {
  return `# yaml-language-server: $schema=./interlock.schema.json
# Interlock: every tool call of an agent passes one recorded decision.
# Check this file with "interlock check"; every key is explained in docs/configuration.md.

# Where agents connect. Only programs on this machine can, until you change the host and set up TLS.
listen:
  # A name and not 127.0.0.1: passkeys are bound to names.
  host: localhost
  port: 7700
  # tls: { cert: ./tls/cert.pem, key: ./tls/key.pem }
  # publicUrl: https://interlock.example.com

# Journal, keys, store and the admin socket live here.
data: ./.interlock

# Humans who own agents and answer approvals.
people:
  ${person.id}:
    name: ${JSON.stringify(person.name)}
    # email: ${person.id}@example.com

${consoleTemplate(person.id)}
# What people may do themselves: an agent that acts for somebody never exceeds it (docs/rights.md). Without this section nothing is done
# for anybody; "permit" leaves it to the policies.
permissions:
  default: permit

# Agents. "interlock agents add <id> --owner ${person.id} --purpose '…'" makes a key pair and adds one.
agents: {}

# MCP servers that agents reach at /mcp/<id>.
servers:
  # The reference server: a few harmless tools to try things out with.
  everything:
    command: npx
    args: ["-y", "@modelcontextprotocol/server-everything"]
    risk: low
    # What a tool does decides what policies say of it. What nothing is known of counts as the worst: label your own tools
    # one by one. "*" is for all others, here because these are toys.
    tools:
      "*": { effect: read, dataClass: public, reversible: true }
      toggle-simulated-logging: { effect: write, dataClass: public, reversible: true }
      get-env: { effect: credential, dataClass: restricted, reversible: false }

  # Over HTTP, with a secret from the environment:
  # crm:
  #   url: https://crm.example.com/mcp
  #   headers:
  #     Authorization: Bearer \${CRM_TOKEN}
  #   environment: production
  #   trust: review               # every new tool waits for: interlock servers accept crm
  #   tools:
  #     orders.create:
  #       effect: write           # read, write, destructive, external, credential
  #       dataClass: internal     # public, internal, confidential, restricted
  #       facts: { amount: /total, currency: /currency }

# Cedar policies: *.cedar in this folder. What no policy permits is denied.
policies: ./policies

${approvalsTemplate(person.id)}
# limits: { bodyBytes: 1048576, concurrentCallsPerAgent: 100 }
`;
}

function consoleTemplate(person: string): string {
  return `# Who may do what in the console, at /console (docs/console.md): lists of person:<id> and group:<name>. To sign in for the first time:
# interlock people invite ${person}
console:
  roles:
    security-admin: ["person:${person}"]
    # operator: ["group:platform"]
    # auditor: ["group:audit"]
`;
}

/** Somebody who has just begun has no passkey: the section says what to change once people sign in. */
function approvalsTemplate(person: string): string {
  return `# Questions to people (docs/approvals.md). How an answer must be proven, at least: operator, whoever can open the admin socket answers
# in anybody's name, as here where nobody has signed in yet; signed-in; passkey, the approver signs exactly what is shown. Without this
# key it is passkey: set that as soon as people sign in.
approvals:
  assurance: operator
  # waitMs: 120000
  # expireMs: 3600000
  # roles: { finance: { people: [${person}] } }
  # routes:
  #   purchases:                  # in a policy: @ask("route:purchases")
  #     tiers:
  #       - { below: 100, automatic: true }
  #       - { below: 10000, ask: owner }
  #       - { ask: "2 role:finance" }
`;
}

export const POLICY_TEMPLATE = `// What no policy permits is denied; a forbid always wins; a policy that fails denies.

// Every agent may connect, and use what only reads.
@id("read-only")
@reason("Only tools that read are permitted so far: extend policies/first.cedar.")
permit (principal, action, resource)
unless { resource is Tool && resource.effect != "read" };

// Tools that change something, which can be undone, ask the agent's owner first: interlock approvals
@id("writes-ask")
@ask("owner")
@reason("Changes need the consent of the owner of this agent.")
permit (principal, action, resource is Tool)
when { resource.effect == "write" && resource.reversible };
`;

export const IGNORE_TEMPLATE = `# Keys, journal and store of Interlock: never in version control.
.interlock/
tls/
`;
