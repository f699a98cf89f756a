import { dirname, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Disk, DiskFile } from '../../ports/disk.ts';

export interface DiskOperation {
  readonly kind:
    | 'open'
    | 'create'
    | 'read'
    | 'write'
    | 'sync'
    | 'truncate'
    | 'list'
    | 'makeDir'
    | 'rename'
    | 'remove'
    | 'syncDir'
    | 'freeBytes';
  readonly path: string;
  /** 0 for the first operation on this disk. */
  readonly index: number;
}

/** `short`: a write takes fewer bytes. `halt`: the machine stops in the middle of this operation. Anything else is an errno. */
export type DiskTrouble = 'EIO' | 'ENOSPC' | 'EACCES' | 'short' | 'halt' | null;

export interface SimulatedDiskOptions {
  readonly trouble?: (operation: DiskOperation) => DiskTrouble;
  readonly capacityBytes?: number;
  /** Numbers in [0, 1). Only used to decide what a failing operation or a power loss leaves behind. */
  readonly random?: () => number;
}

/** A change to a file that is not on stable storage. */
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly truncateTo: number };

interface Inode {
  /** What every reader sees. */
  view: Buffer;
  /** What a power loss leaves for certain. */
  durable: Buffer;
  unsynced: Change[];
}

type NameChange = {
  readonly dir: string;
  readonly removed: string | null;
  readonly added: string | null;
  readonly inode: Inode;
};

/**
 * A disk that keeps no promise it did not make: until `sync`, any part of a write may survive a power loss without the parts before it;
 * until `syncDir`, each new name may or may not. A failed sync forgets which pages were dirty, as Linux does: what it did not write
 * stays visible, and a second sync succeeds without writing it.
 */
export class SimulatedDisk implements Disk {
  readonly #names: Map<string, Inode>;
  readonly #durableNames: Map<string, Inode>;
  readonly #dirs: Set<string>;
  readonly #locks = new Set<string>();
  readonly #random: () => number;
  #nameChanges: NameChange[] = [];
  #operations = 0;
  #halted = false;
  trouble: (operation: DiskOperation) => DiskTrouble;
  capacityBytes: number;

  constructor(
    options: SimulatedDiskOptions = {},
    names: ReadonlyMap<string, Inode> = new Map(),
    dirs: Iterable<string> = [],
  ) {
    this.#names = new Map(names);
    this.#durableNames = new Map(names);
    this.#dirs = new Set(dirs);
    this.#random = options.random ?? (() => 0.5);
    this.trouble = options.trouble ?? (() => null);
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  get operations(): number {
    return this.#operations;
  }

  get halted(): boolean {
    return this.#halted;
  }

  /** What the next process finds after this one was killed: everything written, synced or not. Locks are gone. */
  afterKill(options: SimulatedDiskOptions = {}): SimulatedDisk {
    const next = new SimulatedDisk({ random: this.#random, ...options }, this.#names, this.#dirs);
    next.#durableNames.clear();
    for (const [path, inode] of this.#durableNames) next.#durableNames.set(path, inode);
    next.#nameChanges = [...this.#nameChanges];
    return next;
  }

  /** What is found after a power loss: everything synced, and an arbitrary part of the rest. */
  afterPowerLoss(options: SimulatedDiskOptions = {}): SimulatedDisk {
    const names = new Map(this.#durableNames);
    const keep = this.#mood();
    for (const change of this.#nameChanges) if (keep()) applyName(names, change);
    const survivors = new Map<Inode, Inode>();
    const settled = new Map<string, Inode>();
    for (const [path, inode] of names) {
      const survivor = survivors.get(inode) ?? this.#survivor(inode);
      survivors.set(inode, survivor);
      settled.set(path, survivor);
    }
    return new SimulatedDisk({ random: this.#random, ...options }, settled, this.#dirs);
  }

  /** The content of a file as readers see it: for tests that look or tamper. */
  peek(path: string): Buffer {
    return Buffer.from(this.#inode(path).view);
  }

  /** Replaces a file behind everybody's back, durably. Null removes it. */
  poke(path: string, bytes: Buffer | null): void {
    const inode = bytes === null ? null : { view: Buffer.from(bytes), durable: Buffer.from(bytes), unsynced: [] };
    for (const names of [this.#names, this.#durableNames]) {
      if (inode === null) names.delete(resolve(path));
      else names.set(resolve(path), inode);
    }
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    await this.#begin(mode === 'create' ? 'create' : 'open', path);
    const at = resolve(path);
    if (mode === 'create') {
      if (this.#names.has(at)) throw errno('EEXIST', path);
      if (!this.#dirs.has(dirname(at))) throw errno('ENOENT', path);
      const inode = { view: Buffer.alloc(0), durable: Buffer.alloc(0), unsynced: [] };
      this.#changeName({ dir: dirname(at), removed: null, added: at, inode });
    }
    return this.#fileOf(path, this.#inode(path));
  }

  async list(dir: string): Promise<readonly string[]> {
    await this.#begin('list', dir);
    const at = resolve(dir);
    if (!this.#dirs.has(at)) throw errno('ENOENT', dir);
    const names = [...this.#names.keys()].filter((path) => dirname(path) === at);
    return names.map((path) => path.slice(at.length + 1)).sort();
  }

  async makeDir(dir: string): Promise<void> {
    await this.#begin('makeDir', dir);
    for (let at = resolve(dir); !this.#dirs.has(at); at = dirname(at)) this.#dirs.add(at);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename', from);
    this.#changeName({
      dir: dirname(resolve(to)),
      removed: resolve(from),
      added: resolve(to),
      inode: this.#inode(from),
    });
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path);
    this.#changeName({ dir: dirname(resolve(path)), removed: resolve(path), added: null, inode: this.#inode(path) });
  }

  async syncDir(dir: string): Promise<void> {
    await this.#begin('syncDir', dir);
    const at = resolve(dir);
    for (const change of this.#nameChanges) if (change.dir === at) applyName(this.#durableNames, change);
    this.#nameChanges = this.#nameChanges.filter((change) => change.dir !== at);
  }

  async freeBytes(dir: string): Promise<number> {
    await this.#begin('freeBytes', dir);
    return this.#free();
  }

  async lock(path: string): Promise<{ release(): Promise<void> }> {
    if (this.#halted) throw errno('EIO', path);
    if (this.#locks.has(resolve(path))) throw errno('ELOCKED', path);
    this.#locks.add(resolve(path));
    return {
      release: async () => {
        this.#locks.delete(resolve(path));
      },
    };
  }

  #fileOf(path: string, inode: Inode): DiskFile {
    return {
      write: (bytes, position) => this.#write(path, inode, { bytes, position }),
      read: async (into, position) => {
        await this.#begin('read', path);
        return inode.view.copy(into, 0, position, position + into.length);
      },
      sizeBytes: async () => inode.view.length,
      sync: () => this.#sync(path, inode),
      truncate: async (sizeBytes) => {
        await this.#begin('truncate', path);
        this.#change(inode, { truncateTo: sizeBytes });
      },
      close: async () => {},
    };
  }

  async #write(
    path: string,
    inode: Inode,
    at: { readonly bytes: Uint8Array; readonly position: number },
  ): Promise<number> {
    const trouble = this.#trouble('write', path);
    await turn();
    this.#refuseHalted(path);
    const room = this.#free();
    let count = Math.min(at.bytes.length, room);
    if (trouble !== null) count = Math.min(count, Math.floor(this.#random() * at.bytes.length));
    if (trouble === 'short') count = Math.max(1, count);
    this.#change(inode, { at: at.position, bytes: Buffer.from(at.bytes.subarray(0, count)) });
    this.#act(trouble === 'short' ? null : trouble, path);
    if (count === 0 && at.bytes.length > 0) throw errno('ENOSPC', path);
    return count;
  }

  async #sync(path: string, inode: Inode): Promise<void> {
    const asked = this.#trouble('sync', path);
    const trouble = asked === 'short' ? null : asked;
    await turn();
    this.#refuseHalted(path);
    if (trouble === 'halt') this.#act(trouble, path);
    const keep = trouble === null ? () => true : this.#mood();
    for (const change of inode.unsynced) if (keep()) inode.durable = apply(inode.durable, change);
    inode.unsynced = [];
    this.#act(trouble, path);
  }

  #change(inode: Inode, change: Change): void {
    inode.view = apply(inode.view, change);
    inode.unsynced.push(change);
  }

  #changeName(change: NameChange): void {
    applyName(this.#names, change);
    this.#nameChanges.push(change);
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(resolve(path));
    if (inode === undefined) throw errno('ENOENT', path);
    return inode;
  }

  #free(): number {
    let used = 0;
    for (const inode of new Set(this.#names.values())) used += inode.view.length;
    return Math.max(0, this.capacityBytes - used);
  }

  /** How kind this crash is: everything unsynced survives, nothing, or each piece by chance. */
  #mood(): () => boolean {
    const kind = Math.floor(this.#random() * 4);
    if (kind === 0) return () => true;
    if (kind === 1) return () => false;
    return () => this.#random() < 0.5;
  }

  #survivor(inode: Inode): Inode {
    const keep = this.#mood();
    let content = inode.durable;
    for (const change of inode.unsynced) {
      for (const piece of this.#pieces(change)) if (keep()) content = apply(content, piece);
    }
    return { view: content, durable: content, unsynced: [] };
  }

  /** A write reaches the disk in pieces, cut anywhere. */
  #pieces(change: Change): Change[] {
    if ('truncateTo' in change) return [change];
    const cuts = Array.from({ length: Math.floor(this.#random() * 4) }, () =>
      Math.floor(this.#random() * change.bytes.length),
    );
    const bounds = [0, ...cuts.sort((a, b) => a - b), change.bytes.length];
    return bounds
      .slice(1)
      .map((end, i) => ({ at: change.at + (bounds[i] as number), bytes: change.bytes.subarray(bounds[i], end) }));
  }

  async #begin(kind: DiskOperation['kind'], path: string): Promise<void> {
    const trouble = this.#trouble(kind, path);
    // A real turn of the event loop: whoever reads and whoever writes really do interleave.
    await turn();
    this.#refuseHalted(path);
    this.#act(trouble, path);
  }

  #trouble(kind: DiskOperation['kind'], path: string): DiskTrouble {
    return this.trouble({ kind, path, index: this.#operations++ });
  }

  #refuseHalted(path: string): void {
    if (this.#halted) throw errno('EIO', path);
  }

  #act(trouble: DiskTrouble, path: string): void {
    if (trouble === null || trouble === 'short') return;
    if (trouble === 'halt') this.#halted = true;
    throw errno(trouble === 'halt' ? 'EIO' : trouble, path);
  }
}

function apply(content: Buffer, change: Change): Buffer {
  if ('truncateTo' in change) {
    const sized = Buffer.alloc(change.truncateTo);
    content.copy(sized);
    return sized;
  }
  if (change.bytes.length === 0) return content;
  const end = change.at + change.bytes.length;
  const written = Buffer.alloc(Math.max(content.length, end));
  content.copy(written);
  change.bytes.copy(written, change.at);
  return written;
}

function applyName(names: Map<string, Inode>, change: NameChange): void {
  if (change.removed !== null) names.delete(change.removed);
  if (change.added !== null) names.set(change.added, change.inode);
}

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${path}`), { code });
}
