/** Cedar's `ipaddr`: an address or a range (CIDR). Equal only when family, address and prefix are equal. */
export class IpValue {
  readonly kind = 'ipaddr';
  readonly v6: boolean;
  readonly address: bigint;
  readonly prefix: number;

  constructor(v6: boolean, address: bigint, prefix: number) {
    this.v6 = v6;
    this.address = address;
    this.prefix = prefix;
  }

  get hostMask(): bigint {
    const bits = this.v6 ? 128 : 32;
    return (1n << BigInt(bits - this.prefix)) - 1n;
  }
}

export function isLoopback(ip: IpValue): boolean {
  return ip.v6 ? ip.address === 1n && ip.prefix === 128 : ip.address >> 24n === 127n && ip.prefix >= 8;
}

export function isMulticast(ip: IpValue): boolean {
  return ip.v6 ? ip.address >> 120n === 0xffn && ip.prefix >= 8 : ip.address >> 28n === 0xen && ip.prefix >= 4;
}

/** Every address of `inner` lies in `outer`. Families never mix. */
export function isInRange(inner: IpValue, outer: IpValue): boolean {
  if (inner.v6 !== outer.v6 || inner.prefix < outer.prefix) return false;
  return (inner.address | outer.hostMask) === (outer.address | outer.hostMask);
}

/** An address with an optional `/prefix`; null when malformed. IPv4 embedded in IPv6 text is not accepted. */
export function parseIp(text: string): IpValue | null {
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  const v6 = host.includes(':');
  const address = v6 ? parseV6(host) : parseV4(host);
  if (address === null) return null;
  if (slash === -1) return new IpValue(v6, address, v6 ? 128 : 32);
  const prefixText = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefixText)) return null;
  const prefix = Number(prefixText);
  return prefix <= (v6 ? 128 : 32) ? new IpValue(v6, address, prefix) : null;
}

function parseV4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let address = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

/** RFC 4291 section 2.2: eight groups of up to four hex digits; `::` once, for at least one group of zeros. */
function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0] as string);
  const tail = halves.length === 2 ? groups(halves[1] as string) : [];
  if (head === null || tail === null) return null;
  const given = head.length + tail.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  const zeros = Array<string>(8 - given).fill('0');
  return [...head, ...zeros, ...tail].reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n);
}

function groups(text: string): string[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part)) ? parts : null;
}
