/* Faults in system calls: counts those that touch files below one folder, and fails or interrupts one of them.
 *
 * Loaded before libc (LD_PRELOAD) into every process of a run. A small file that the test and all of these
 * processes map (CORPUSKIT_FAULTS names it) says which call it is to be and what happens then; the numbers in
 * it go on over forks. Only calls on paths below `scope`, and on descriptors that were opened there, count: the
 * interpreter's own start is not hit. fault_tools.py holds the other side of `struct control`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN, READ, WRITE, FSYNC, CLOSE, RENAME, LINK, UNLINK, MKDIR, RMDIR, TRUNCATE, MMAP, STAT, LIST, KINDS };
enum action { COUNT, FAIL, SIGNAL };

struct control {
  char scope[1024];    /* paths that begin with this count */
  char only[256];      /* if not empty: only paths that contain this */
  int32_t action;      /* an enum action */
  int32_t kind;        /* an enum kind; KINDS for any */
  int32_t nth;         /* the first call that is hit, from 1 */
  int32_t forever;     /* whether those after it are hit too */
  int32_t error;       /* FAIL: the errno */
  int32_t signal;      /* SIGNAL: its number */
  int32_t group;       /* SIGNAL: whether the whole process group gets it */
  int32_t no_locks;    /* flock() does nothing and succeeds */
  _Atomic int32_t injected;
  _Atomic int32_t total;
  _Atomic int32_t counts[KINDS];
  char where[512];     /* the first call that was hit: its kind and its path */
};

#define MAX_FD 4096
static struct control *control;
static char in_scope[MAX_FD]; /* descriptors opened below the folder */

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("CORPUSKIT_FAULTS");
  if (!path) return;
  int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *map = REAL(mmap)(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REAL(close)(fd);
  if (map != MAP_FAILED) control = map;
}

static void mark(int fd, int inside) {
  if (fd >= 0 && fd < MAX_FD) in_scope[fd] = inside;
}
static int fd_inside(int fd) { return control && fd >= 0 && fd < MAX_FD && in_scope[fd]; }

/* The absolute path that a call means, or "" where it cannot be told. */
static void absolute(int directory, const char *path, char *result) {
  char link[64];
  ssize_t length = 0;
  if (path && path[0] == '/') {
    snprintf(result, PATH_MAX, "%s", path);
    return;
  }
  snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", directory);
  length = readlink(link, result, PATH_MAX - 1);
  result[length > 0 ? length : 0] = 0;
  if (length > 0 && path && path[0] && strlen(path) + length + 2 < PATH_MAX) {
    strcat(result, "/");
    strcat(result, path);
  }
}

static int hit(enum kind kind, const char *path) {
  if (control->only[0] && !strstr(path, control->only)) return 0;
  int total = atomic_fetch_add(&control->total, 1) + 1;
  int number = atomic_fetch_add(&control->counts[kind], 1) + 1;
  if (control->action == COUNT || (control->kind != KINDS && control->kind != (int)kind)) return 0;
  if (control->kind == KINDS) number = total;
  if (number < control->nth || (number > control->nth && !control->forever)) return 0;
  if (atomic_fetch_add(&control->injected, 1) == 0)
    snprintf(control->where, sizeof control->where, "%d %.480s", (int)kind, path);
  if (control->action == SIGNAL) {
    kill(control->group ? 0 : getpid(), control->signal);
    return 0;
  }
  errno = control->error;
  return 1;
}
static int hit_at(enum kind kind, int directory, const char *path, int *inside) {
  char whole[PATH_MAX];
  if (inside) *inside = 0;
  if (!control || !control->scope[0]) return 0;
  if (!(path && path[0] == '/') && directory != AT_FDCWD && !fd_inside(directory)) return 0;
  int saved = errno;
  absolute(directory, path, whole);
  errno = saved;
  if (strncmp(whole, control->scope, strlen(control->scope))) return 0;
  if (inside) *inside = 1;
  return hit(kind, whole);
}
static int hit_fd(enum kind kind, int fd) {
  return fd_inside(fd) && hit_at(kind, fd, NULL, NULL);
}

#define OPENER(name, params, directory, call)                                       \
  int name params {                                                                     \
    mode_t mode = 0;                                                                    \
    int inside, fd;                                                                     \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                              \
      va_list rest;                                                                     \
      va_start(rest, flags);                                                            \
      mode = va_arg(rest, mode_t);                                                      \
      va_end(rest);                                                                     \
    }                                                                                   \
    if (hit_at(OPEN, directory, path, &inside)) return -1;                              \
    fd = REAL(name) call;                                                               \
    mark(fd, inside);                                                                   \
    return fd;                                                                          \
  }
OPENER(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENER(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPENER(openat, (int directory, const char *path, int flags, ...), directory, (directory, path, flags, mode))
OPENER(openat64, (int directory, const char *path, int flags, ...), directory, (directory, path, flags, mode))

#define ON_FD(type, failed, kind, name, params, call)                                   \
  type name params {                                                                    \
    if (hit_fd(kind, fd)) return failed;                                                \
    return REAL(name) call;                                                             \
  }
ON_FD(ssize_t, -1, READ, read, (int fd, void *data, size_t size), (fd, data, size))
ON_FD(ssize_t, -1, READ, pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
ON_FD(ssize_t, -1, READ, pread64, (int fd, void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FD(ssize_t, -1, READ, readv, (int fd, const struct iovec *data, int count), (fd, data, count))
ON_FD(ssize_t, -1, WRITE, write, (int fd, const void *data, size_t size), (fd, data, size))
ON_FD(ssize_t, -1, WRITE, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
ON_FD(ssize_t, -1, WRITE, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FD(ssize_t, -1, WRITE, writev, (int fd, const struct iovec *data, int count), (fd, data, count))
ON_FD(int, -1, FSYNC, fsync, (int fd), (fd))
ON_FD(int, -1, FSYNC, fdatasync, (int fd), (fd))
ON_FD(int, -1, TRUNCATE, ftruncate, (int fd, off_t size), (fd, size))
ON_FD(int, -1, TRUNCATE, ftruncate64, (int fd, off64_t size), (fd, size))
ON_FD(int, -1, STAT, fstat, (int fd, struct stat *found), (fd, found))
ON_FD(int, -1, STAT, fstat64, (int fd, struct stat64 *found), (fd, found))
ON_FD(void *, MAP_FAILED, MMAP, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t from),
      (at, size, protection, flags, fd, from))
ON_FD(void *, MAP_FAILED, MMAP, mmap64, (void *at, size_t size, int protection, int flags, int fd, off64_t from),
      (at, size, protection, flags, fd, from))

/* A close that fails has closed the descriptor all the same, as Linux does it. */
int close(int fd) {
  int failed = hit_fd(CLOSE, fd), error = errno;
  mark(fd, 0);
  int result = REAL(close)(fd);
  if (!failed) return result;
  errno = error;
  return -1;
}

#define ON_PATH(type, failed, kind, name, params, directory, path, call)                \
  type name params {                                                                    \
    if (hit_at(kind, directory, path, NULL)) return failed;                             \
    return REAL(name) call;                                                             \
  }
ON_PATH(int, -1, RENAME, rename, (const char *old, const char *new), AT_FDCWD, old, (old, new))
ON_PATH(int, -1, RENAME, renameat, (int from, const char *old, int to, const char *new), from, old,
        (from, old, to, new))
ON_PATH(int, -1, RENAME, renameat2, (int from, const char *old, int to, const char *new, unsigned flags), from, old,
        (from, old, to, new, flags))
ON_PATH(int, -1, LINK, link, (const char *old, const char *new), AT_FDCWD, new, (old, new))
ON_PATH(int, -1, LINK, linkat, (int from, const char *old, int to, const char *new, int flags), to, new,
        (from, old, to, new, flags))
ON_PATH(int, -1, UNLINK, unlink, (const char *path), AT_FDCWD, path, (path))
ON_PATH(int, -1, MKDIR, mkdir, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode))
ON_PATH(int, -1, MKDIR, mkdirat, (int directory, const char *path, mode_t mode), directory, path,
        (directory, path, mode))
ON_PATH(int, -1, RMDIR, rmdir, (const char *path), AT_FDCWD, path, (path))
ON_PATH(int, -1, STAT, stat, (const char *restrict path, struct stat *restrict found), AT_FDCWD, path, (path, found))
ON_PATH(int, -1, STAT, stat64, (const char *restrict path, struct stat64 *restrict found), AT_FDCWD, path,
        (path, found))
ON_PATH(int, -1, STAT, lstat, (const char *restrict path, struct stat *restrict found), AT_FDCWD, path, (path, found))
ON_PATH(int, -1, STAT, lstat64, (const char *restrict path, struct stat64 *restrict found), AT_FDCWD, path,
        (path, found))
ON_PATH(int, -1, STAT, fstatat, (int directory, const char *restrict path, struct stat *restrict found, int flags),
        directory, path, (directory, path, found, flags))
ON_PATH(int, -1, STAT, fstatat64,
        (int directory, const char *restrict path, struct stat64 *restrict found, int flags), directory, path,
        (directory, path, found, flags))
ON_PATH(int, -1, STAT, statx,
        (int directory, const char *restrict path, int flags, unsigned mask, struct statx *restrict found),
        directory, path, (directory, path, flags, mask, found))
ON_PATH(int, -1, STAT, faccessat, (int directory, const char *path, int mode, int flags), directory, path,
        (directory, path, mode, flags))
ON_PATH(int, -1, STAT, access, (const char *path, int mode), AT_FDCWD, path, (path, mode))

int unlinkat(int directory, const char *path, int flags) {
  if (hit_at(flags & AT_REMOVEDIR ? RMDIR : UNLINK, directory, path, NULL)) return -1;
  return REAL(unlinkat)(directory, path, flags);
}

/* Lists of a folder. Descriptors that libc opens for them are found out with dirfd(). */
DIR *opendir(const char *path) {
  int inside;
  if (hit_at(OPEN, AT_FDCWD, path, &inside)) return NULL;
  DIR *result = REAL(opendir)(path);
  if (result) mark(dirfd(result), inside);
  return result;
}
int closedir(DIR *list) {
  mark(dirfd(list), 0);
  return REAL(closedir)(list);
}
struct dirent *readdir(DIR *list) {
  if (hit_fd(LIST, dirfd(list))) return NULL;
  return REAL(readdir)(list);
}
struct dirent64 *readdir64(DIR *list) {
  if (hit_fd(LIST, dirfd(list))) return NULL;
  return REAL(readdir64)(list);
}

#define DUPLICATOR(name)                                                                \
  int name(int fd, int command, ...) {                                                  \
    va_list rest;                                                                       \
    va_start(rest, command);                                                            \
    void *argument = va_arg(rest, void *);                                              \
    va_end(rest);                                                                       \
    int result = REAL(name)(fd, command, argument);                                     \
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) mark(result, fd_inside(fd));  \
    return result;                                                                      \
  }
DUPLICATOR(fcntl)
DUPLICATOR(fcntl64)
int dup(int fd) {
  int result = REAL(dup)(fd);
  mark(result, fd_inside(fd));
  return result;
}
int dup2(int fd, int other) {
  int result = REAL(dup2)(fd, other);
  mark(result, fd_inside(fd));
  return result;
}

int flock(int fd, int operation) {
  if (control && control->no_locks) return 0;
  return REAL(flock)(fd, operation);
}
