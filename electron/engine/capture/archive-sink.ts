/** The archive as capture needs it. Rejects with ARCHIVE_UNAVAILABLE, retryable, when it cannot be written. */
export interface ArchiveSink {
  read(archivePath: string, start: number, end: number): Promise<Buffer>;
  /** @param from where to go on, before the end: to write again what a power cut has left as holes */
  openWriter(archivePath: string, from?: number): Promise<ArchiveAppender>;
}

export interface ArchiveAppender {
  readonly position: number;
  append(bytes: Buffer): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}
