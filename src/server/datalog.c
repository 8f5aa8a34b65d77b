/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files are named <date>_<run>_<domid>.log. Each row is one write(2), so that a killed server
 * leaves whole lines; after a short write the next row starts on a line of its own.
 */
#include "datalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define ROW_MAX	   512
#define FILES_KEPT 64
#define HEAD_MAX   1024

/* Nine digits; what scanf makes of a minus sign lies beyond. */
#define RUN_MAX 999999999

struct guest_log {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
	int fd;				  /* -1: not open */
	bool is_torn;			  /* the last row was cut short */
	bool is_failing;		  /* the last row was not written */
	bool is_seen;			  /* in this round */
	uint64_t last_ms;		  /* of the last row */
	uint64_t target_kib, current_kib; /* of the last row */
};

struct mm_datalog {
	char *dir;
	char date[40];
	unsigned run; /* 0: not known yet */
	struct guest_log *guests;
	size_t count, capacity;
	size_t cursor; /* the guest found last */
	uint64_t complained_ms;
	bool is_failing;
};

int mm_datalog_new(const char *dir, const struct timespec *start, struct mm_datalog **ret_log)
{
	struct mm_datalog *log = calloc(1, sizeof(*log));
	struct tm day;

	if (!log)
		return -ENOMEM;
	log->dir = strdup(dir);
	if (!log->dir) {
		free(log);
		return -ENOMEM;
	}
	localtime_r(&start->tv_sec, &day);
	snprintf(log->date, sizeof(log->date), "%02d_%02d_%02d", day.tm_year % 100, day.tm_mon + 1,
		day.tm_mday);
	*ret_log = log;
	return 0;
}

static void close_guest(struct guest_log *guest)
{
	if (guest->fd >= 0)
		close(guest->fd);
	guest->fd = -1;
}

void mm_datalog_free(struct mm_datalog *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->count; i++)
		close_guest(&log->guests[i]);
	free(log->guests);
	free(log->dir);
	free(log);
}

/* The highest run of that day in the directory, plus one; 0 and errno where it cannot be read. */
static unsigned next_run(const struct mm_datalog *log)
{
	DIR *dir = opendir(log->dir);
	size_t date_len = strlen(log->date);
	struct dirent *item;
	unsigned highest = 0;

	if (!dir && errno == ENOENT && !mkdir(log->dir, 0755))
		dir = opendir(log->dir);
	if (!dir)
		return 0;
	while ((item = readdir(dir))) {
		unsigned run, domid;

		if (strncmp(item->d_name, log->date, date_len))
			continue;
		if (sscanf(item->d_name + date_len, "_%9u_%9u.log", &run, &domid) == 2 &&
			run > highest && run < RUN_MAX)
			highest = run;
	}
	closedir(dir);
	return highest + 1;
}

static void complain(struct mm_datalog *log, uint64_t now_ms, const char *what)
{
	if (!mm_log_is_due(&log->complained_ms, now_ms) && log->is_failing)
		return;
	log->is_failing = true;
	mm_log(MM_LOG_WARN, "data logs in %s: cannot %s: %s; balancing goes on without them",
		log->dir, what, strerror(errno));
}

void mm_datalog_probe(struct mm_datalog *log, uint64_t now_ms)
{
	if (!next_run(log) || access(log->dir, W_OK | X_OK))
		complain(log, now_ms, "write there");
}

static int write_head(int fd, const struct mm_domain *dom)
{
	char head[HEAD_MAX];
	int n = snprintf(head, sizeof(head),
		"# xenmm %s data log of guest %s, domain %" PRIu32 ", uuid %s\n"
		"# sizes in KiB; local time; tg: balloon target, use: hard use, free: available, "
		"tot: MemTotal,\n"
		"# held: what the guest holds, wish: what it shall hold in the end, tau: tax rate; "
		"swap in pages\n"
		"# "
		"time\ttg_mem\tuse_mem\tfree_mem\ttot_mem\theld_mem\twish_mem\ttau\tswap_in\tswap_"
		"out\t"
		"psi_some_us\treason\tbudget_mem\thost_free\tsource\n",
		XENMM_VERSION, dom->name, dom->domid, dom->uuid);

	return write(fd, head, (size_t)n) == n ? 0 : -1;
}

/* A file of this run that is ours: not a pipe or a link that somebody put there. */
static int open_again(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid())
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

/* The last descriptors are for what balances: libxl opens a lock for every target. */
static int keep_some_files(int fd)
{
	struct rlimit limit;

	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) || (rlim_t)fd + FILES_KEPT < limit.rlim_cur)
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

/* A log whose file was deleted starts anew. */
static bool is_deleted(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_nlink == 0;
}

/*
 * O_EXCL: a file that exists is never touched. In one run an id can come again for another domain:
 * its rows go behind those of the first, with a head of their own.
 */
static int open_guest(struct mm_datalog *log, const struct mm_domain *dom)
{
	bool is_first = log->run == 0;
	char path[4096];
	int fd;

	for (int tries = 0; tries < 100; tries++) {
		if (is_first)
			log->run = next_run(log);
		if (log->run == 0)
			return -1;
		if (snprintf(path, sizeof(path), "%s/%s_%u_%" PRIu32 ".log", log->dir, log->date,
			    log->run, dom->domid) >= (int)sizeof(path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
		if (fd < 0 && errno == EEXIST && !is_first)
			fd = open_again(path);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	fd = keep_some_files(fd);
	if (fd < 0 && is_first)
		log->run = 0;
	if (fd >= 0 && write_head(fd, dom)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static struct guest_log *find_guest(struct mm_datalog *log, const struct mm_domain *dom)
{
	struct guest_log *guest;

	/* Guests come in the same order every round, so that the next one is nearly always it. */
	for (size_t tried = 0; tried < log->count; tried++) {
		log->cursor = log->cursor + 1 < log->count ? log->cursor + 1 : 0;
		guest = &log->guests[log->cursor];
		if (guest->domid == dom->domid && !strcmp(guest->uuid, dom->uuid))
			return guest;
	}
	if (log->count == log->capacity) {
		size_t capacity = log->capacity ? 2 * log->capacity : 16;

		guest = realloc(log->guests, capacity * sizeof(*guest));
		if (!guest)
			return NULL;
		log->guests = guest;
		log->capacity = capacity;
	}
	guest = &log->guests[log->count++];
	memset(guest, 0, sizeof(*guest));
	guest->domid = dom->domid;
	memcpy(guest->uuid, dom->uuid, sizeof(dom->uuid));
	guest->fd = -1;
	return guest;
}

static int format_row(char *row, size_t size, const struct mm_snapshot *snap,
	const struct mm_plan *plan, size_t i, const struct timespec *wall)
{
	const struct mm_domain *dom = &snap->domains[i];
	const struct mm_plan_entry *entry = &plan->entries[i];
	const struct mm_report *report = &dom->report;
	char date[32];
	struct tm day;

	localtime_r(&wall->tv_sec, &day);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &day);
	return snprintf(row, size,
		"%s.%03ld\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
		"\t%" PRIu64 "\t%u.%03u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%" PRIu64
		"\t%" PRIu64 "\t%s\n",
		date, wall->tv_nsec / 1000000, entry->new_kib, entry->use_kib, report->avail_kib,
		report->total_kib, dom->current_kib, entry->wish_kib, plan->tau_ppm / 1000000,
		plan->tau_ppm / 1000 % 1000, report->swapin_pages, report->swapout_pages,
		report->psi_some_us, mm_reason_name(entry->reason), plan->budget_kib,
		snap->host.free_kib, mm_source_name(report->source));
}

static int write_row(struct guest_log *guest, const char *row, size_t len)
{
	ssize_t n;

	if (guest->is_torn && write(guest->fd, "\n", 1) != 1)
		return -1;
	guest->is_torn = false;
	n = write(guest->fd, row, len);
	if (n == (ssize_t)len)
		return 0;
	guest->is_torn = n > 0;
	if (n >= 0)
		errno = ENOSPC;
	return -1;
}

/* On a full disk the file of one guest may still have room while another's has not. */
static bool is_any_failing(const struct mm_datalog *log)
{
	for (size_t i = 0; i < log->count; i++)
		if (log->guests[i].is_failing)
			return true;
	return false;
}

static void log_guest(struct mm_datalog *log, struct guest_log *guest,
	const struct mm_snapshot *snap, const struct mm_plan *plan, size_t i,
	const struct timespec *wall)
{
	const struct mm_domain *dom = &snap->domains[i];
	char row[ROW_MAX];
	int len;

	if (guest->fd >= 0 && is_deleted(guest->fd))
		close_guest(guest);
	if (guest->fd < 0)
		guest->fd = open_guest(log, dom);
	guest->is_failing = guest->fd < 0;
	if (guest->is_failing) {
		complain(log, snap->now_ms, "open a file");
		return;
	}
	len = format_row(row, sizeof(row), snap, plan, i, wall);
	if (write_row(guest, row, (size_t)len)) {
		guest->is_failing = true;
		complain(log, snap->now_ms, "write");
		return;
	}
	if (log->is_failing && !is_any_failing(log)) {
		mm_log(MM_LOG_INFO, "data logs in %s: written again", log->dir);
		log->is_failing = false;
	}
}

/* Files of guests that are gone are closed, so that a busy host does not run out of descriptors. */
static void drop_unseen(struct mm_datalog *log)
{
	size_t kept = 0;

	for (size_t i = 0; i < log->count; i++) {
		if (!log->guests[i].is_seen) {
			close_guest(&log->guests[i]);
			continue;
		}
		log->guests[i].is_seen = false;
		if (kept != i)
			log->guests[kept] = log->guests[i];
		kept++;
	}
	log->count = kept;
}

void mm_datalog_write(struct mm_datalog *log, const struct mm_snapshot *snap,
	const struct mm_plan *plan, const struct timespec *wall, uint64_t every_ms)
{
	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_domain *dom = &snap->domains[i];
		struct guest_log *guest;

		if (dom->report.source == MM_SOURCE_NONE || !(guest = find_guest(log, dom)))
			continue;
		guest->is_seen = true;
		if (guest->last_ms && guest->target_kib == plan->entries[i].new_kib &&
			guest->current_kib == dom->current_kib &&
			snap->now_ms - guest->last_ms < every_ms)
			continue;
		guest->last_ms = snap->now_ms ? snap->now_ms : 1;
		guest->target_kib = plan->entries[i].new_kib;
		guest->current_kib = dom->current_kib;
		log_guest(log, guest, snap, plan, i, wall);
	}
	drop_unseen(log);
}
