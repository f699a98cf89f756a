import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinName, joinTask, joinUri, qualify, splitName, splitTask, splitUri } from './names.ts';

const server = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);

describe('names on the aggregate endpoint', () => {
  it('split to what was joined, whatever the server called it', () => {
    fc.assert(
      fc.property(server, fc.string({ minLength: 1 }), (id, name) => {
        expect(splitName(joinName(id, name))).toEqual({ server: id, rest: name });
        expect(splitUri(joinUri(id, name))).toEqual({ server: id, rest: name });
        expect(splitTask(joinTask(id, name))).toEqual({ server: id, rest: name });
      }),
    );
  });

  it('name nothing without a server in front', () => {
    expect(splitName('create')).toBeNull();
    expect(splitName('__create')).toBeNull();
    expect(splitUri('file:///x')).toBeNull();
  });

  it('are put on every link in a result and on nothing that is the server’s own data', () => {
    const result = {
      content: [
        { type: 'resource_link', uri: 'file:///a' },
        { type: 'resource', resource: { uri: 'demo://b', text: 'uri' } },
      ],
      structuredContent: { uri: 'keep' },
      _meta: { uri: 'keep' },
    };
    expect(qualify('fs', result)).toEqual({
      content: [
        { type: 'resource_link', uri: 'fs+file:///a' },
        { type: 'resource', resource: { uri: 'fs+demo://b', text: 'uri' } },
      ],
      structuredContent: { uri: 'keep' },
      _meta: { uri: 'keep' },
    });
  });
});
