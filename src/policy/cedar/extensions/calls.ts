import { fail } from '../failure.ts';
import { asString, type Binary, type Unary, wrongType } from '../operators.ts';
import { divideLong, type Long } from '../value/long.ts';
import type { Value } from '../value/values.ts';
import {
  DAY_MS,
  DatetimeValue,
  DurationValue,
  dateOf,
  durationSince,
  offsetBy,
  parseDatetime,
  parseDuration,
  timeOf,
} from './datetime.ts';
import { DecimalValue, parseDecimal } from './decimal.ts';
import { IpValue, isInRange, isLoopback, isMulticast, parseIp } from './ipaddr.ts';

function asDecimal(value: Value): DecimalValue {
  return value instanceof DecimalValue ? value : wrongType('decimal', value);
}
function asIp(value: Value): IpValue {
  return value instanceof IpValue ? value : wrongType('ipaddr', value);
}
function asDatetime(value: Value): DatetimeValue {
  return value instanceof DatetimeValue ? value : wrongType('datetime', value);
}
function asDuration(value: Value): DurationValue {
  return value instanceof DurationValue ? value : wrongType('duration', value);
}

const comparing =
  (holds: (a: Long, b: Long) => boolean): Binary =>
  (left, right) =>
    holds(asDecimal(left).units, asDecimal(right).units);

const inUnits =
  (unitMs: number): Unary =>
  (value) =>
    divideLong(asDuration(value).ms, unitMs);

/** Extension functions of one argument (a method's receiver is its first). */
export const UNARY_CALLS: Readonly<Record<string, Unary>> = {
  decimal: (text) => parseDecimal(asString(text)) ?? fail('not a decimal (digits, a point, one to four digits)'),
  ip: (text) => parseIp(asString(text)) ?? fail('not an IP address or range'),
  datetime: (text) => parseDatetime(asString(text)) ?? fail('not a datetime'),
  duration: (text) => parseDuration(asString(text)) ?? fail('not a duration'),
  isIpv4: (value) => !asIp(value).v6,
  isIpv6: (value) => asIp(value).v6,
  isLoopback: (value) => isLoopback(asIp(value)),
  isMulticast: (value) => isMulticast(asIp(value)),
  toDate: (value) => dateOf(asDatetime(value)) ?? fail('datetime overflow in toDate'),
  toTime: (value) => timeOf(asDatetime(value)),
  toMilliseconds: inUnits(1),
  toSeconds: inUnits(1000),
  toMinutes: inUnits(60_000),
  toHours: inUnits(3_600_000),
  toDays: inUnits(DAY_MS),
};

export const BINARY_CALLS: Readonly<Record<string, Binary>> = {
  lessThan: comparing((a, b) => a < b),
  lessThanOrEqual: comparing((a, b) => a <= b),
  greaterThan: comparing((a, b) => a > b),
  greaterThanOrEqual: comparing((a, b) => a >= b),
  isInRange: (left, right) => isInRange(asIp(left), asIp(right)),
  offset: (left, right) => offsetBy(asDatetime(left), asDuration(right)) ?? fail('datetime overflow in offset'),
  durationSince: (left, right) =>
    durationSince(asDatetime(left), asDatetime(right)) ?? fail('duration overflow in durationSince'),
};
