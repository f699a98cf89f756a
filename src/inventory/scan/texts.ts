import { isObject, type Json } from '../../model/json.ts';
import { escapePointer } from '../../model/pointer.ts';

/** One piece of text in a definition: a value, or the name of a member. Both reach the model. */
export interface Text {
  /** RFC 6901 pointer of the value, or of the member whose name it is. */
  readonly at: string;
  readonly text: string;
  readonly isName: boolean;
}

/** Every text of a JSON value, at any depth, in document order. Depth is bounded by the reader that parsed it. */
export function* textsOf(value: Json | undefined, at = ''): Generator<Text> {
  if (typeof value === 'string') yield { at, text: value, isName: false };
  else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield* textsOf(value[i] as Json, `${at}/${i}`);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      const pointer = `${at}/${escapePointer(name)}`;
      yield { at: pointer, text: name, isName: true };
      yield* textsOf(member, pointer);
    }
  }
}
