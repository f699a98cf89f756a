import type { Value } from '../value/values.ts';
import { DatetimeValue, DurationValue } from './datetime.ts';
import { DecimalValue } from './decimal.ts';
import { IpValue } from './ipaddr.ts';

type Extension = DecimalValue | IpValue | DatetimeValue | DurationValue;

export function isExtension(value: Value): value is Extension {
  return (
    value instanceof DecimalValue ||
    value instanceof DatetimeValue ||
    value instanceof DurationValue ||
    value instanceof IpValue
  );
}

export function sameExtension(a: Extension, b: Extension): boolean {
  if (a instanceof DecimalValue) return b instanceof DecimalValue && a.units === b.units;
  if (a instanceof DatetimeValue) return b instanceof DatetimeValue && a.epochMs === b.epochMs;
  if (a instanceof DurationValue) return b instanceof DurationValue && a.ms === b.ms;
  return b instanceof IpValue && a.v6 === b.v6 && a.address === b.address && a.prefix === b.prefix;
}
