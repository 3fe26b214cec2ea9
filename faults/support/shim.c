// LD_PRELOAD loads this into a service before its libraries. It makes the disk slow, failing or full
// and shifts the wall clock or the monotonic clock, as the control file says at that moment.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// shim.ts has the same order.
enum {
  FLUSH_DELAY_MS,
  FLUSH_ERROR,
  WRITE_ERROR,
  CLOCK_OFFSET_MS,
  MONOTONIC_OFFSET_MS,
  FLUSHES,
  FAILED_FLUSHES,
  FIELDS
};

static volatile int32_t idle[FIELDS];
static volatile int32_t *control = idle;

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void load(void) {
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");

  const char *path = getenv("FAULTS_CONTROL");
  int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) abort();
  void *mapped = mmap(NULL, sizeof idle, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) abort();
  close(fd);
  control = mapped;
}

static int flush(int (*real)(int), int fd) {
  // In short steps, so that a flush that is under way goes on as soon as the delay is taken away.
  struct timespec step = {0, 5 * 1000000L};
  for (int32_t ms = 0; ms < control[FLUSH_DELAY_MS]; ms += 5) nanosleep(&step, NULL);
  __sync_fetch_and_add(&control[FLUSHES], 1);
  if (control[FLUSH_ERROR] == 0) return real(fd);
  __sync_fetch_and_add(&control[FAILED_FLUSHES], 1);
  errno = control[FLUSH_ERROR];
  return -1;
}

int fsync(int fd) { return flush(real_fsync, fd); }
int fdatasync(int fd) { return flush(real_fdatasync, fd); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  if (control[WRITE_ERROR] == 0) return real_pwrite64(fd, bytes, count, offset);
  errno = control[WRITE_ERROR];
  return -1;
}

static int64_t offset_ms(clockid_t clock) {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) return control[CLOCK_OFFSET_MS];
  if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) return control[MONOTONIC_OFFSET_MS];
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  // Other libraries' constructors read the clock before this library's constructor has run.
  if (!real_clock_gettime) real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real_clock_gettime(clock, now);
  int64_t ms = offset_ms(clock);
  if (result != 0 || ms == 0) return result;
  int64_t nanoseconds = now->tv_nsec + ms % 1000 * 1000000;
  int64_t carried = nanoseconds >= 1000000000 ? 1 : nanoseconds < 0 ? -1 : 0;
  now->tv_sec += ms / 1000 + carried;
  now->tv_nsec = nanoseconds - carried * 1000000000;
  return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}
