import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    bodyHash: Hash | null;
  }
}

/** SHA-256 over the very bytes of a body, taken while they pass: what two requests are compared by, and what a passkey confirms. */
export function hashBodies(app: FastifyInstance, wanted: (request: FastifyRequest) => boolean): void {
  app.decorateRequest('bodyHash', null);
  app.addHook('preParsing', (request, _reply, payload, done) => {
    if (!wanted(request)) return done(null, payload);
    const hash = createHash('sha256');
    const through = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        next(null, chunk);
      },
    });
    payload.on('error', (error) => through.destroy(error));
    // Without this the parser would wait for ever for the rest of a body nobody sends any more.
    request.raw.on('close', () => {
      if (!request.raw.complete) through.destroy();
    });
    request.bodyHash = hash;
    done(null, payload.pipe(through));
  });
}

/** Once the body has arrived; of nothing where there is none. */
export function bodyDigest({ bodyHash }: FastifyRequest): string {
  return (bodyHash ?? createHash('sha256')).copy().digest('base64url');
}
