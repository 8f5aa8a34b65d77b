/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_memory [HOURS [GUESTS]]: resident memory of mmserver that keeps its history for those who ask: with 300 guests that all
 * move, and with guests that come and go, 10,000 different ones in 24 hours. The real server runs in virtual time, in a
 * process of its own (mm_server_main()), with its control socket and, where it is built, its HTTP endpoint, on a back end of
 * this file that stands in for mm_backend_open() and whose own memory, small, counts too. At the end a client asks for
 * everything there is to ask for, and the peak is what that took as well. The limit beside it: 64 MiB.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"
#include "server.h"
#include "stand_in.h"
#include "xenmm/backend.h"
#include "xenmm/units.h"

#define HOURS_DEFAULT  25
#define GUESTS_DEFAULT 300
#define HOUR_MS	       UINT64_C(3600000)
#define ROUND_MS       5000
#define ROUND_S	       "5"
#define SIZE_KIB       (1024 * MM_KIB_PER_MIB)
#define KERNEL_KIB     (64 * MM_KIB_PER_MIB)

struct guest {
	uint32_t domid;
	uint64_t current_kib, target_kib, use_kib, born_ms;
};

/* What is told to the process that prints. */
struct figures {
	uint64_t hour_kib, end_kib, peak_kib; /* resident: after an hour, at the end, at most */
	uint64_t rounds, changes, seen;
	uint64_t answers; /* that the client got at the end */
};

struct bench {
	struct mm_backend backend;
	struct guest *guests; /* sorted by domid */
	size_t count;
	uint64_t now_ms, end_ms, random;
	uint64_t life_ms; /* of each guest; 0: they stay */
	uint32_t last_domid;
	uint16_t port;	/* of the endpoint; 0: there is none */
	int figures_fd; /* where they go */
	struct figures figures;
};

static struct bench bench;

static uint64_t below(struct bench *b, uint64_t limit)
{
	b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (b->random >> 33) % limit;
}

/* "VmRSS:" or "VmHWM:" of this process, KiB. */
static uint64_t memory_kib(const char *key)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[200];
	uint64_t kib = 0;

	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, key, strlen(key)))
			kib = strtoull(line + strlen(key), NULL, 10);
	if (in)
		fclose(in);
	return kib;
}

/* ---- the host ------------------------------------------------------------------------------------ */

static void create(struct bench *b, struct guest *guest)
{
	*guest = (struct guest){.domid = ++b->last_domid,
		.current_kib = SIZE_KIB,
		.target_kib = SIZE_KIB,
		.use_kib = SIZE_KIB / 4,
		.born_ms = b->now_ms};
	b->figures.seen++;
}

/* Whoever has lived long enough goes, and another comes; the array stays sorted. */
static void renew(struct bench *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->count; i++)
		if (!b->life_ms || b->now_ms < b->guests[i].born_ms + b->life_ms)
			b->guests[kept++] = b->guests[i];
	while (kept < b->count)
		create(b, &b->guests[kept++]);
}

/* Every guest uses something else each round, and one in twenty begins or ends a burst: memory moves all the time. */
static void move(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct guest *guest = &b->guests[i];

		if (below(b, 20) == 0)
			guest->use_kib = SIZE_KIB / 8 + below(b, SIZE_KIB);
		else
			guest->use_kib += below(b, 16 * MM_KIB_PER_MIB) - 8 * MM_KIB_PER_MIB;
		guest->use_kib = mm_max_u64(guest->use_kib, SIZE_KIB / 10);
		guest->current_kib = guest->target_kib;
	}
}

static int fill_domain(struct bench *b, const struct guest *guest, struct mm_domain *dom)
{
	struct mm_report *report = &dom->report;

	dom->domid = guest->domid;
	snprintf(dom->uuid, sizeof(dom->uuid), "%08x-0000-4000-8000-%012x", guest->domid,
		guest->domid);
	snprintf(dom->name, sizeof(dom->name), "guest%u", guest->domid);
	dom->current_kib = guest->current_kib;
	dom->target_kib = guest->target_kib;
	dom->static_max_kib = 4 * SIZE_KIB;
	*report = (struct mm_report){.source = MM_SOURCE_XENMM,
		.seq = b->now_ms / ROUND_MS,
		.uptime_ms = HOUR_MS + b->now_ms,
		.total_kib = mm_sub_floor(guest->current_kib, KERNEL_KIB),
		.balloon_kib = guest->current_kib,
		.has_psi = true};
	report->avail_kib =
		mm_min_u64(mm_sub_floor(guest->current_kib, guest->use_kib), report->total_kib);
	report->free_kib = report->avail_kib / 2;
	dom->report_ms = b->now_ms;
	return 0;
}

/* ---- the back end -------------------------------------------------------------------------------- */

static void note_memory(struct bench *b)
{
	uint64_t kib = memory_kib("VmRSS:");

	if (!b->figures.hour_kib && b->now_ms >= HOUR_MS)
		b->figures.hour_kib = kib;
	b->figures.end_kib = kib;
}

static int sample(struct mm_backend *backend, struct mm_snapshot *snap)
{
	struct bench *b = (struct bench *)backend;
	uint64_t held_kib = 0;

	if (b->now_ms >= b->end_ms) {
		b->figures.peak_kib = memory_kib("VmHWM:");
		return write(b->figures_fd, &b->figures, sizeof(b->figures)) == sizeof(b->figures)
			       ? -ENODATA
			       : -EIO;
	}
	if (b->now_ms % HOUR_MS < ROUND_MS)
		note_memory(b);
	renew(b);
	move(b);
	mm_snapshot_clear(snap);
	snap->now_ms = b->now_ms;
	for (size_t i = 0; i < b->count; i++) {
		struct mm_domain *dom;
		int r = mm_snapshot_add(snap, &dom);

		if (r)
			return r;
		fill_domain(b, &b->guests[i], dom);
		held_kib += dom->current_kib;
	}
	snap->host.total_kib = b->count * (SIZE_KIB + 128 * MM_KIB_PER_MIB);
	snap->host.free_kib = mm_sub_floor(snap->host.total_kib, held_kib);
	b->figures.rounds++;
	return 0;
}

static int set_target(struct mm_backend *backend, uint32_t domid, uint64_t target_kib)
{
	(void)backend;
	(void)domid;
	(void)target_kib;
	return 0; /* decided() does it, in dry runs too: they are how data logs are left out */
}

static int decided(
	struct mm_backend *backend, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	struct bench *b = (struct bench *)backend;

	(void)snap;
	for (size_t i = 0; i < plan->change_count; i++)
		b->guests[plan->order[i]].target_kib = plan->entries[plan->order[i]].new_kib;
	b->figures.changes += plan->change_count;
	return 0;
}

/* ---- a client ------------------------------------------------------------------------------------ */

/* One request; true if it was answered with 200. */
static bool ask(uint16_t port, const char *path)
{
	struct sockaddr_in where = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char buf[65536];
	bool is_ok = false, is_first = true;
	ssize_t n;

	snprintf(buf, sizeof(buf),
		"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&where, sizeof(where)) ||
		write(fd, buf, strlen(buf)) < 0) {
		close(fd);
		return false;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		is_ok |= is_first && n > 12 && !memcmp(buf + 9, "200", 3);
		is_first = false;
	}
	close(fd);
	return is_ok;
}

static uint64_t ask_all(const struct bench *b)
{
	static const char *const paths[] = {"/", "/api/v1/status", "/metrics",
		"/api/v1/decisions?limit=1000", "/api/v1/history?since=-86400000"};
	uint64_t answers = 0;
	char path[100];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		answers += ask(b->port, paths[i]);
	for (size_t i = 0; i < b->count; i++) {
		snprintf(path, sizeof(path), "/api/v1/history?domain=%u&since=-86400000",
			b->guests[i].domid);
		answers += ask(b->port, path);
		snprintf(path, sizeof(path), "/api/v1/domains/%u", b->guests[i].domid);
		answers += ask(b->port, path);
	}
	return answers;
}

static void on_answers(evutil_socket_t fd, short what, void *arg)
{
	struct bench *b = arg;

	(void)what;
	if (read(fd, &b->figures.answers, sizeof(b->figures.answers)) != sizeof(b->figures.answers))
		b->figures.answers = 0;
}

/* A child asks while the server's loop runs, until it says how many answers it got. */
static int serve_client(struct bench *b, struct event_base *base)
{
	struct event *told;
	int fds[2], r;
	pid_t pid;

	if (pipe(fds))
		return -errno;
	pid = fork();
	if (pid == 0) {
		uint64_t answers = ask_all(b);

		_exit(write(fds[1], &answers, sizeof(answers)) != sizeof(answers));
	}
	close(fds[1]);
	told = event_new(base, fds[0], EV_READ, on_answers, b);
	r = pid < 0 || !told || event_add(told, NULL) ? -EIO : 0;
	while (!r && event_pending(told, EV_READ, NULL))
		r = event_base_loop(base, EVLOOP_ONCE) < 0 ? -EIO : 0;
	if (told)
		event_free(told);
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return r;
}

static int wait_for_round(struct mm_backend *backend, struct event_base *base, uint64_t until_ms)
{
	struct bench *b = (struct bench *)backend;

	(void)until_ms;
	b->now_ms += ROUND_MS;
	if (b->now_ms < b->end_ms)
		return 0;
	note_memory(b);
	return b->port ? serve_client(b, base) : 0;
}

static const struct mm_backend_ops ops = {
	.name = "bench",
	.is_virtual_time = true,
	.sample = sample,
	.set_target = set_target,
	.wait = wait_for_round,
	.decided = decided,
	.close = stand_in_close,
};

/* ---- runs ---------------------------------------------------------------------------------------- */

/* One that is free just now; 0: none. */
static uint16_t find_port(void)
{
	struct sockaddr_in where = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(where);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port = 0;

	if (!bind(fd, (struct sockaddr *)&where, len) &&
		!getsockname(fd, (struct sockaddr *)&where, &len))
		port = ntohs(where.sin_port);
	close(fd);
	return port;
}

/* In the child. */
static int serve(size_t count, uint64_t hours, uint64_t life_ms, const char *dir, int figures_fd)
{
	char socket_path[64], http[32] = "off";
	char *argv[] = {"mmserver", "--backend", "sim", "-n", "-i", ROUND_S, "--control",
		socket_path, "--http", http, NULL};

	bench = (struct bench){.backend = {.ops = &ops},
		.count = count,
		.end_ms = hours * HOUR_MS,
		.life_ms = life_ms,
		.random = 1,
		.figures_fd = figures_fd,
		.guests = calloc(count, sizeof(*bench.guests))};
	if (!bench.guests)
		return 1;
	for (size_t i = 0; i < count; i++) {
		create(&bench, &bench.guests[i]);
		bench.guests[i].born_ms = 0;
	}
	for (size_t i = 0; life_ms && i < count; i++) /* they do not all go at once */
		bench.guests[i].born_ms = i * life_ms / count;
	bench.port = mm_http_is_built() ? find_port() : 0;
	if (bench.port)
		snprintf(http, sizeof(http), "127.0.0.1:%u", bench.port);
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		return 1;
	stand_in = &bench.backend;
	return mm_server_main((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv);
}

static double mib(uint64_t kib)
{
	return (double)kib / MM_KIB_PER_MIB;
}

static int print(const char *what, size_t count, uint64_t hours, uint64_t life_ms, bool is_limited)
{
	char dir[] = "/tmp/xenmm-bench-memory-XXXXXX", path[64];
	struct figures f;
	int fds[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (!mkdtemp(dir) || pipe(fds))
		return 1;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(serve(count, hours, life_ms, dir, fds[1]));
	close(fds[1]);
	n = read(fds[0], &f, sizeof(f));
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status || n != sizeof(f)) {
		fprintf(stderr, "bench_memory: the server failed\n");
		return 1;
	}
	printf("%-9s %6zu %6" PRIu64 " %7" PRIu64 " %9" PRIu64 " %8" PRIu64
	       " %8.1f %8.1f %8.1f  %s\n",
		what, count, f.seen, f.rounds, f.changes, f.answers, mib(f.hour_kib),
		mib(f.end_kib), mib(f.peak_kib), is_limited ? "limit 64" : "");
	snprintf(path, sizeof(path), "%s/socket", dir);
	(void)unlink(path);
	(void)rmdir(dir);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t hours = HOURS_DEFAULT, guests = GUESTS_DEFAULT;
	int r;

	if (argc > 3 ||
		(argc > 1 && (mm_parse_u64(argv[1], strlen(argv[1]), 8784, &hours) || !hours)) ||
		(argc > 2 && (mm_parse_u64(argv[2], strlen(argv[2]), 16384, &guests) || !guests))) {
		fprintf(stderr, "usage: bench_memory [HOURS [GUESTS]]\n");
		return 2;
	}
	printf("resident memory of mmserver after %" PRIu64
	       " virtual hours with a round every " ROUND_S " s, MiB%s\n\n",
		hours, mm_http_is_built() ? "" : " (built without HTTP)");
	printf("%-9s %6s %6s %7s %9s %8s %8s %8s %8s\n", "guests", "at once", "seen", "rounds",
		"changes", "answers", "1 hour", "end", "peak");
	r = print("stay", guests, hours, 0, guests == GUESTS_DEFAULT);
	if (!r)
		r = print("change", guests, hours, guests * 24 * HOUR_MS / 10000,
			guests == GUESTS_DEFAULT);
	return r;
}
