#include "process.h"

#include <dirent.h>
#include <string.h>

typedef u64 (*Measure)(const char *pid);

static u64 sum_of(const char *pids, Measure measure)
{
    char list[512];
    snprintf(list, sizeof list, "%s", pids);
    u64 sum = 0;
    char *rest = list;
    for (char *pid; (pid = strsep(&rest, ",")) != NULL;)
        if (*pid)
            sum += measure(pid);
    return sum;
}

/* schedstat's first number counts nanoseconds; `stat` would count ticks of 10 ms. */
static u64 thread_cpu_ns(const char *folder, const char *thread)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s/schedstat", folder, thread);
    FILE *file = fopen(path, "r");
    unsigned long long used = 0;
    if (file == NULL)
        return 0;
    if (fscanf(file, "%llu", &used) != 1)
        used = 0;
    fclose(file);
    return used;
}

static u64 cpu_ns(const char *pid)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    u64 used = 0;
    for (struct dirent *thread; (thread = readdir(folder)) != NULL;)
        if (thread->d_name[0] != '.')
            used += thread_cpu_ns(path, thread->d_name);
    closedir(folder);
    return used;
}

static u64 rss_kb(const char *pid)
{
    char path[300], line[256];
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *file = fopen(path, "r");
    u64 size = 0;
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, "VmRSS:", 6))
            size = strtoull(line + 6, NULL, 10);
    fclose(file);
    return size;
}

u64 processes_cpu_ns(const char *pids)
{
    return sum_of(pids, cpu_ns);
}

u64 processes_rss_kb(const char *pids)
{
    return sum_of(pids, rss_kb);
}
