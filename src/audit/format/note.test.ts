import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStored, openCheckpoint, peekCheckpoint, signCheckpoint, splitStored } from './checkpoint.ts';
import { leafHash } from './merkle.ts';
import { generateKey, parseSigner, parseVerifier } from './note.ts';

/** The example of Go's golang.org/x/mod/sumdb/note, made by another implementation. */
const GO_SKEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

describe('signed notes (c2sp.org/signed-note)', () => {
  it('signs and opens exactly as another implementation does', () => {
    const signer = parseSigner(GO_SKEY);
    expect(signer.vkey).toBe(GO_VKEY);
    expect(signer.sign(GO_TEXT)).toBe(GO_NOTE);
    expect(parseVerifier(GO_VKEY).open(GO_NOTE)).toBe(GO_TEXT);
  });

  it('ignores signatures of unknown keys and rejects a note whose known signature is wrong', () => {
    const other = parseSigner(generateKey('witness.example')).sign(GO_TEXT).split('\n\n')[1];
    const verifier = parseVerifier(GO_VKEY);
    expect(verifier.open(`${GO_NOTE}${other}`)).toBe(GO_TEXT);
    expect(verifier.open(`${GO_TEXT}\n${other}`)).toBeNull();
    const forged = parseSigner(GO_SKEY).sign('something else\n').split('\n\n')[1];
    expect(verifier.open(`${GO_NOTE}${forged}`)).toBeNull();
    expect(verifier.open(GO_TEXT)).toBeNull();
  });

  it('rejects key texts that are damaged, of another algorithm, or carry an unusable name', () => {
    for (const text of [
      '',
      'a+b+c',
      GO_VKEY.replace('c74f20a3', 'c74f20a4'),
      GO_VKEY.replace('+AR', '+BR'),
      GO_VKEY.slice(0, -4),
    ]) {
      expect(() => parseVerifier(text), text).toThrow(RangeError);
    }
    expect(() => parseSigner(GO_SKEY.replace('PeterNeumann', 'Mallory'))).toThrow(RangeError);
    for (const name of ['', 'a b', 'a+b', 'a\nb']) expect(() => generateKey(name), name).toThrow(RangeError);
  });
});

describe('checkpoints (c2sp.org/tlog-checkpoint)', () => {
  const signer = parseSigner(generateKey('example.com/journal'));
  const verifier = parseVerifier(signer.vkey);
  const root = leafHash('x');

  it('reads what it signed', () => {
    const made = signCheckpoint(signer, 42, root);
    expect(made.note.split('\n').slice(0, 2)).toEqual(['example.com/journal', '42']);
    expect(openCheckpoint(verifier, made.note)).toEqual(made);
    expect(peekCheckpoint(made.note)).toEqual(made);
  });

  it('notices every changed byte', () => {
    const note = Buffer.from(signCheckpoint(signer, 42, root).note, 'utf8');
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(note);
        changed[at] = (changed[at] as number) ^ flip;
        expect(openCheckpoint(verifier, changed.toString('utf8'))).toBeNull();
      }),
    );
  });

  it('splits a file of notes and leaves a torn one at the end aside, wherever it is torn', () => {
    const stored = [1, 2, 3].map((size) => formatStored(signCheckpoint(signer, size, root)));
    const whole = Buffer.from(stored.slice(0, 2).join(''), 'utf8');
    const last = Buffer.from(stored[2] as string, 'utf8');
    for (let cut = 0; cut < last.length; cut++) {
      const { notes, wholeBytes } = splitStored(Buffer.concat([whole, last.subarray(0, cut)]).toString('utf8'));
      expect(notes.map(({ note }) => openCheckpoint(verifier, note)?.size)).toEqual([1, 2]);
      expect(wholeBytes).toBe(whole.length);
    }
    expect(splitStored(stored.join('')).notes).toHaveLength(3);
  });
});
