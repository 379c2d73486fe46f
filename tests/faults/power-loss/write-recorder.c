/*
 * Preloaded into a program, writes down every change that it makes below a folder, in the order in which they happen:
 * POWER_LOSS_ROOT names the folder, POWER_LOSS_LOG the record. From it a test works out what a disk would hold if the power
 * failed after any of them. A sync is written down and not carried out.
 *
 * Each entry: kind (1 byte), inode (8), offset or size (8), length (4), then so many bytes; numbers as the machine has them.
 *   C created  inode, path        W written  inode, offset, bytes     T cut to a size  inode, size      S synced  inode
 *   M folder made  path           D folder synced  path               U removed  path
 *   R renamed, L linked  old path NUL new path
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 65536
#define EXPORT __attribute__((visibility("default")))
#define REAL(name) ((__typeof__(&name))real(#name))

struct entry {
  char kind;
  uint64_t inode;
  uint64_t offset;
  uint32_t length;
} __attribute__((packed));

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *root;
static size_t root_length;
static int log_fd = -1;
/* Inode of what is open and lies below the root; 0: not ours. */
static uint64_t tracked[MOST_FDS];

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

static void fail(const char *what) {
  dprintf(2, "write-recorder: %s is not modelled\n", what);
  abort();
}

static void set_up(void) {
  root = getenv("POWER_LOSS_ROOT");
  const char *log = getenv("POWER_LOSS_LOG");
  if (root == NULL || log == NULL) {
    root = NULL;
    return;
  }
  root_length = strlen(root);
  log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) abort();
}

/* The absolute path if it is the root or lies below it, else NULL. */
static const char *ours(int folder, const char *path, char *buffer) {
  pthread_once(&once, set_up);
  if (root == NULL || path == NULL) return NULL;
  if (path[0] != '/') {
    char base[PATH_MAX];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(folder == AT_FDCWD ? "/proc/self/cwd" : link, base, sizeof base - 1);
    if (length < 0) return NULL;
    base[length] = 0;
    if (snprintf(buffer, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
    path = buffer;
  }
  char next = strncmp(path, root, root_length) == 0 ? path[root_length] : 'x';
  return next == '/' || next == 0 ? path : NULL;
}

static void note(char kind, uint64_t inode, uint64_t offset, const struct iovec *parts, int count) {
  struct iovec all[18];
  struct entry entry = {kind, inode, offset, 0};
  if (count > 16) fail("a write of many pieces");
  for (int i = 0; i < count; i++) {
    all[i + 1] = parts[i];
    entry.length += (uint32_t)parts[i].iov_len;
  }
  all[0] = (struct iovec){&entry, sizeof entry};
  ssize_t whole = (ssize_t)(sizeof entry + entry.length);
  if (syscall(SYS_writev, log_fd, all, count + 1) != whole) fail("a log that cannot be written");
}

static void note_text(char kind, uint64_t inode, const char *text, size_t length) {
  struct iovec part = {(void *)text, length};
  note(kind, inode, 0, &part, 1);
}

/* A number may have been given back and taken by something else without our seeing it, so the file is asked. */
static uint64_t inode_of(int fd) {
  if (fd < 0 || fd >= MOST_FDS || tracked[fd] == 0) return 0;
  struct stat now;
  if (fstat(fd, &now) != 0 || !S_ISREG(now.st_mode) || now.st_ino != tracked[fd]) return 0;
  return tracked[fd];
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *file = ours(folder, path, buffer);
  if (file == NULL) return (int)syscall(SYS_openat, folder, path, flags, mode);
  pthread_mutex_lock(&order);
  struct stat before, after;
  int existed = stat(file, &before) == 0;
  int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
  int problem = errno;
  if (fd >= 0 && fd < MOST_FDS && fstat(fd, &after) == 0) {
    tracked[fd] = after.st_ino;
    if (!existed) note_text('C', after.st_ino, file, strlen(file));
    else if ((flags & O_TRUNC) && S_ISREG(after.st_mode)) note('T', after.st_ino, 0, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  errno = problem;
  return fd;
}

#define OPEN(name)                                     \
  EXPORT int name(const char *path, int flags, ...) {  \
    va_list more;                                      \
    va_start(more, flags);                             \
    mode_t mode = va_arg(more, mode_t);                \
    va_end(more);                                      \
    return open_at(AT_FDCWD, path, flags, mode);       \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                              \
  EXPORT int name(int folder, const char *path, int flags, ...) { \
    va_list more;                                                 \
    va_start(more, flags);                                        \
    mode_t mode = va_arg(more, mode_t);                           \
    va_end(more);                                                 \
    return open_at(folder, path, flags, mode);                    \
  }
OPENAT(openat)
OPENAT(openat64)

EXPORT int close(int fd) {
  if (fd >= 0 && fd < MOST_FDS) tracked[fd] = 0;
  return REAL(close)(fd);
}

/* What was written; the rest of a short write was not. */
static void note_written(uint64_t inode, uint64_t offset, const struct iovec *parts, int count, size_t written) {
  struct iovec done[16];
  int used = 0;
  for (; used < count && written > 0; used++) {
    if (used == 16) fail("a write of many pieces");
    done[used] = parts[used];
    if (done[used].iov_len > written) done[used].iov_len = written;
    written -= done[used].iov_len;
  }
  note('W', inode, offset, done, used);
}

/* offset -1: where the file stands, or its end when it was opened for appending. */
static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t offset) {
  uint64_t inode = inode_of(fd);
  if (inode == 0) {
    if (offset < 0) return syscall(SYS_writev, fd, parts, count);
    return syscall(SYS_pwritev, fd, parts, count, offset, 0);
  }
  pthread_mutex_lock(&order);
  off_t at = offset;
  if (offset < 0) {
    struct stat now;
    fstat(fd, &now);
    at = fcntl(fd, F_GETFL) & O_APPEND ? now.st_size : lseek(fd, 0, SEEK_CUR);
  }
  ssize_t written = offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
  int problem = errno;
  if (written > 0) note_written(inode, (uint64_t)at, parts, count, (size_t)written);
  pthread_mutex_unlock(&order);
  errno = problem;
  return written;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t length) {
  if (inode_of(fd) == 0) return syscall(SYS_write, fd, bytes, length);
  struct iovec part = {(void *)bytes, length};
  return write_at(fd, &part, 1, -1);
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  struct iovec part = {(void *)bytes, length};
  return write_at(fd, &part, 1, offset);
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (inode_of(fd) == 0) return syscall(SYS_writev, fd, parts, count);
  return write_at(fd, parts, count, -1);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return write_at(fd, parts, count, offset);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return write_at(fd, parts, count, offset);
}

EXPORT int ftruncate64(int fd, off64_t size) {
  uint64_t inode = inode_of(fd);
  if (inode == 0) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&order);
  int result = (int)syscall(SYS_ftruncate, fd, size);
  int problem = errno;
  if (result == 0) note('T', inode, (uint64_t)size, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = problem;
  return result;
}

EXPORT int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int sync_fd(int fd, int (*carry_out)(int)) {
  struct stat now;
  if (fd < 0 || fd >= MOST_FDS || tracked[fd] == 0 || fstat(fd, &now) != 0) return carry_out(fd);
  pthread_mutex_lock(&order);
  if (S_ISDIR(now.st_mode)) {
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    if (length > 0) note_text('D', 0, path, (size_t)length);
  } else {
    note('S', now.st_ino, 0, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  return 0;
}

EXPORT int fsync(int fd) { return sync_fd(fd, REAL(fsync)); }
EXPORT int fdatasync(int fd) { return sync_fd(fd, REAL(fdatasync)); }

EXPORT int mkdir(const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  const char *folder = ours(AT_FDCWD, path, buffer);
  if (folder == NULL) return REAL(mkdir)(path, mode);
  pthread_mutex_lock(&order);
  int result = REAL(mkdir)(path, mode);
  int problem = errno;
  if (result == 0) note_text('M', 0, folder, strlen(folder));
  pthread_mutex_unlock(&order);
  errno = problem;
  return result;
}

static int two_names(char kind, int (*carry_out)(const char *, const char *), const char *from, const char *to) {
  char old_buffer[PATH_MAX], new_buffer[PATH_MAX], both[2 * PATH_MAX];
  const char *old_path = ours(AT_FDCWD, from, old_buffer);
  const char *new_path = ours(AT_FDCWD, to, new_buffer);
  if (old_path == NULL && new_path == NULL) return carry_out(from, to);
  if (old_path == NULL || new_path == NULL) fail("a rename across the root");
  pthread_mutex_lock(&order);
  int result = carry_out(from, to);
  int problem = errno;
  if (result == 0) {
    int length = snprintf(both, sizeof both, "%s%c%s", old_path, 0, new_path);
    note_text(kind, 0, both, (size_t)length);
  }
  pthread_mutex_unlock(&order);
  errno = problem;
  return result;
}

EXPORT int rename(const char *from, const char *to) { return two_names('R', REAL(rename), from, to); }
EXPORT int link(const char *from, const char *to) { return two_names('L', REAL(link), from, to); }

static int remove_at(int folder, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *file = ours(folder, path, buffer);
  if (file == NULL) return (int)syscall(SYS_unlinkat, folder, path, flags);
  pthread_mutex_lock(&order);
  int result = (int)syscall(SYS_unlinkat, folder, path, flags);
  int problem = errno;
  if (result == 0) note_text('U', 0, file, strlen(file));
  pthread_mutex_unlock(&order);
  errno = problem;
  return result;
}

EXPORT int unlink(const char *path) { return remove_at(AT_FDCWD, path, 0); }
EXPORT int rmdir(const char *path) { return remove_at(AT_FDCWD, path, AT_REMOVEDIR); }
EXPORT int unlinkat(int folder, const char *path, int flags) { return remove_at(folder, path, flags); }
EXPORT int remove(const char *path) {
  int result = unlink(path);
  return result != 0 && errno == EISDIR ? rmdir(path) : result;
}

/* What nobody does below the root today. If somebody begins to, the record would be wrong without a word. */
EXPORT ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t length, unsigned flags) {
  if (inode_of(out) != 0) fail("copy_file_range");
  return REAL(copy_file_range)(in, in_at, out, out_at, length, flags);
}

EXPORT int posix_fallocate(int fd, off_t offset, off_t length) {
  if (inode_of(fd) != 0) fail("posix_fallocate");
  return REAL(posix_fallocate)(fd, offset, length);
}

/* SQLite shares its -shm file between processes so; it holds nothing that has to last. */
EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && inode_of(fd) != 0) {
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path);
    if (size < 4 || memcmp(path + size - 4, "-shm", 4) != 0) fail("a shared mapping");
  }
  return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}
