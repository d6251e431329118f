/* What the kernel says about processes: the server's, given as "12,13,14". */
#ifndef PROCESS_H
#define PROCESS_H

#include "../common.h"

/* Nanoseconds of CPU that all threads of the processes have used. */
u64 processes_cpu_ns(const char *pids);

/* Kilobytes of memory that the processes hold. */
u64 processes_rss_kb(const char *pids);

#endif
