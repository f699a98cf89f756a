/**
 * The few things the journal asks of a disk. Two adapters: the real file system, and a simulated disk for fault tests.
 * Failures reject with an Error whose `code` is the errno name (`EIO`, `ENOSPC`, `ENOENT`, …).
 */
export interface Disk {
  /** `read`: must exist. `write`: must exist, for positioned writes. `create`: must not exist; owner-only permissions. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Names in a directory, sorted by code unit. */
  list(dir: string): Promise<readonly string[]>;
  /** Makes a directory and its parents, owner-only, durably. Nothing happens when it exists. */
  makeDir(dir: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in this directory durable. */
  syncDir(dir: string): Promise<void>;
  freeBytes(dir: string): Promise<number>;
  /**
   * Exclusive among all processes and all openers of this machine; held by the operating system, so that it ends with the
   * process however that dies. Rejects with code `ELOCKED` when somebody else holds it.
   */
  lock(path: string): Promise<DiskLock>;
}

export interface DiskFile {
  /** Bytes written, possibly fewer than given. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Bytes read, possibly fewer than fit; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  sizeBytes(): Promise<number>;
  /** Data and size are on stable storage when this resolves (fdatasync). A rejection says nothing about which bytes are. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface DiskLock {
  release(): Promise<void>;
}
