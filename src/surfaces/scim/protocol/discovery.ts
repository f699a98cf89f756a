import type { JsonObject } from '../../../model/json.ts';
import { ENTERPRISE, NAMES, PLAIN } from '../resources/user.ts';
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from './path.ts';

export const MAX_RESULTS = 1_000;

/** RFC 7643 section 5. */
export function serviceProviderConfig(baseUrl: string): JsonObject {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A token made by the operator with `interlock scim token`.',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
  };
}

/** RFC 7643 section 6. */
export function resourceTypes(baseUrl: string): readonly JsonObject[] {
  const type = (id: string, more: JsonObject): JsonObject => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id,
    name: id,
    endpoint: `/${id}s`,
    ...more,
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${id}` },
  });
  const extension = { schema: ENTERPRISE_SCHEMA, required: false };
  return [
    type('User', { description: 'A person', schema: USER_SCHEMA, schemaExtensions: [extension] }),
    type('Group', { description: 'A group of people', schema: GROUP_SCHEMA, schemaExtensions: [] }),
  ];
}

interface Traits {
  readonly type?: string;
  readonly many?: boolean;
  readonly required?: boolean;
  readonly unique?: boolean;
  readonly mutability?: string;
  readonly returned?: string;
  readonly exact?: boolean;
  readonly sub?: readonly JsonObject[];
}

function attribute(name: string, description: string, traits: Traits = {}): JsonObject {
  const { type = 'string', many = false, required = false, sub } = traits;
  return {
    name,
    type,
    multiValued: many,
    description,
    required,
    caseExact: traits.exact ?? false,
    mutability: traits.mutability ?? 'readWrite',
    returned: traits.returned ?? 'default',
    ...(type === 'complex' || type === 'boolean' ? {} : { uniqueness: traits.unique === true ? 'server' : 'none' }),
    ...(type === 'reference' ? { referenceTypes: ['User', 'Group', 'external'] } : {}),
    ...(sub === undefined ? {} : { subAttributes: sub }),
  };
}

const READ_ONLY = { mutability: 'readOnly' };
const EXTERNAL_ID = attribute('externalId', 'The identity provider’s own id', { exact: true });
const USER = [
  attribute('userName', 'The name at the identity provider', { required: true, unique: true }),
  attribute('name', 'The parts of the name', {
    type: 'complex',
    sub: [
      attribute('formatted', 'The name, whole', READ_ONLY),
      ...NAMES.map((name) => attribute(name, 'A part of the name')),
    ],
  }),
  attribute('displayName', 'The name people read'),
  ...PLAIN.map((name) =>
    attribute(name, 'A text policies can test', name === 'profileUrl' ? { type: 'reference' } : {}),
  ),
  attribute('active', 'False: nothing is done on this person’s authority', { type: 'boolean' }),
  attribute('emails', 'The address: one is kept', {
    type: 'complex',
    many: true,
    sub: [
      attribute('value', 'The address'),
      attribute('type', 'What it is for'),
      attribute('primary', 'Whether it is the one', { type: 'boolean' }),
    ],
  }),
  attribute('groups', 'What the person is a member of', {
    type: 'complex',
    many: true,
    ...READ_ONLY,
    sub: [
      attribute('value', 'Id of the group', READ_ONLY),
      attribute('$ref', 'Its address', { type: 'reference', ...READ_ONLY }),
      attribute('display', 'Its name', READ_ONLY),
      attribute('type', 'direct', READ_ONLY),
    ],
  }),
  EXTERNAL_ID,
];
const MEMBERS = attribute('members', 'The people in it', {
  type: 'complex',
  many: true,
  sub: [
    attribute('value', 'Id of the person', { mutability: 'immutable', exact: true }),
    attribute('$ref', 'The person’s address', { type: 'reference', mutability: 'immutable' }),
    attribute('display', 'The person’s name', READ_ONLY),
    attribute('type', 'User', { mutability: 'immutable' }),
  ],
});
const GROUP = [
  attribute('displayName', 'The name policies test', { required: true, unique: true }),
  MEMBERS,
  EXTERNAL_ID,
];
const MANAGER = attribute('manager', 'Whom the person reports to', {
  type: 'complex',
  sub: [attribute('value', 'Id of the manager', { exact: true })],
});
const ENTERPRISE_USER = [
  ...ENTERPRISE.map((name) => attribute(name, 'A text policies can test')),
  attribute('department', 'The department'),
  MANAGER,
];

/** RFC 7643 section 7: what is kept of each schema, and nothing that is not. */
export function schemas(baseUrl: string): readonly JsonObject[] {
  const schema = (id: string, name: string, attributes: readonly JsonObject[]): JsonObject => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    id,
    name,
    description: name,
    attributes,
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${id}` },
  });
  return [
    schema(USER_SCHEMA, 'User', USER),
    schema(GROUP_SCHEMA, 'Group', GROUP),
    schema(ENTERPRISE_SCHEMA, 'EnterpriseUser', ENTERPRISE_USER),
  ];
}
