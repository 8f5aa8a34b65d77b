/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_http [SECONDS [ALTERNATIONS]]: what clients of the HTTP endpoint cost the balancing. The real server runs
 * (mm_server_main()) at real pace, ten rounds a second, on a make-believe host of this file with 3, 30 and 300 guests
 * that all report something new each time. In turns of SECONDS there is nobody, and there are 200 clients on the event
 * stream and one that never reads (when it is cut off it comes again). How long rounds take and how late they begin is
 * taken by the back end, inside the server's process. Server and clients have a core each, where there are two. Prints
 * medians over the alternations beside the limit: p99 with clients within 10 % of that with none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server.h"
#include "stand_in.h"
#include "xenmm/backend.h"
#include "xenmm/units.h"

#define SECONDS_DEFAULT	     20
#define ALTERNATIONS_DEFAULT 5
#define CLIENTS		     200
#define SETTLE_S	     1
#define TURNS_MAX	     40
#define ROUNDS_MAX	     4000 /* in a turn */
#define SIZE_KIB	     (1024 * MM_KIB_PER_MIB)

/* What the server's process tells this one. */
struct shared {
	volatile int turn; /* that counts; -1: none */
	volatile size_t count[TURNS_MAX];
	uint32_t duration_us[TURNS_MAX][ROUNDS_MAX];
	uint32_t lag_us[TURNS_MAX][ROUNDS_MAX];
};

static struct shared *shared;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the host ---------------------------------------------------------------------------------- */

static struct world {
	struct mm_backend backend;
	size_t guests;
	uint64_t random;
	uint64_t begin_us;
	uint64_t due_us; /* of the next round; 0: the first */
	uint64_t target_kib[1024];
} world;

static uint64_t below(uint64_t limit)
{
	world.random = world.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (world.random >> 33) % limit;
}

static int add_guest(struct mm_snapshot *snap, size_t i)
{
	struct mm_domain *dom;
	uint64_t total_kib = SIZE_KIB - 64 * MM_KIB_PER_MIB;

	if (mm_snapshot_add(snap, &dom))
		return -ENOMEM;
	dom->domid = (uint32_t)i + 1;
	snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012u", dom->domid);
	snprintf(dom->name, sizeof(dom->name), "guest%zu", i + 1);
	dom->current_kib = dom->target_kib = world.target_kib[i];
	dom->static_max_kib = 2 * SIZE_KIB;
	dom->report_ms = snap->now_ms;
	dom->report = (struct mm_report){.source = MM_SOURCE_XENMM,
		.seq = snap->now_ms,
		.uptime_ms = 3600000 + snap->now_ms,
		.total_kib = total_kib,
		.avail_kib = total_kib / 2 + below(32 * MM_KIB_PER_MIB),
		.balloon_kib = dom->current_kib,
		.has_psi = true};
	return 0;
}

static int sample(struct mm_backend *backend, struct mm_snapshot *snap)
{
	uint64_t us = now_us();
	int turn = shared->turn;

	(void)backend;
	world.begin_us = us;
	if (turn >= 0 && world.due_us > 0 && shared->count[turn] < ROUNDS_MAX)
		shared->lag_us[turn][shared->count[turn]] =
			(uint32_t)mm_sub_floor(us, world.due_us);
	mm_snapshot_clear(snap);
	snap->now_ms = us / 1000;
	snap->host.total_kib = world.guests * (SIZE_KIB + 128 * MM_KIB_PER_MIB);
	snap->host.free_kib = world.guests * 128 * MM_KIB_PER_MIB;
	for (size_t i = 0; i < world.guests; i++)
		if (add_guest(snap, i))
			return -ENOMEM;
	mm_snapshot_sort(snap);
	return 0;
}

static int set_target(struct mm_backend *backend, uint32_t domid, uint64_t target_kib)
{
	(void)backend;
	world.target_kib[domid - 1] = target_kib;
	return 0;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* The round is over; its time goes into the turn in which it began. */
static void note_round(void)
{
	int turn = shared->turn;

	if (turn < 0 || world.due_us == 0 || shared->count[turn] >= ROUNDS_MAX)
		return;
	shared->duration_us[turn][shared->count[turn]] = (uint32_t)(now_us() - world.begin_us);
	shared->count[turn]++;
}

static int wait_for_round(struct mm_backend *backend, struct event_base *base, uint64_t until_ms)
{
	bool is_due = false;
	struct event *timer = evtimer_new(base, on_due, &is_due);
	uint64_t us = now_us(), wait_us;
	struct timeval tv;

	(void)backend;
	note_round();
	wait_us = mm_sub_floor(until_ms * 1000, us);
	world.due_us = us + wait_us;
	tv = (struct timeval){
		.tv_sec = (time_t)(wait_us / 1000000), .tv_usec = (suseconds_t)(wait_us % 1000000)};
	if (!timer || event_add(timer, &tv))
		return -ENOMEM;
	while (!is_due && !event_base_got_break(base))
		if (event_base_loop(base, EVLOOP_ONCE) < 0)
			break;
	event_free(timer);
	return 0;
}

static const struct mm_backend_ops ops = {
	.name = "bench",
	.sample = sample,
	.set_target = set_target,
	.wait = wait_for_round,
	.close = stand_in_close,
};

/* ---- the server -------------------------------------------------------------------------------- */

static void use_core(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		(void)sched_setaffinity(
			0, sizeof(set), &set); /* where that is not allowed: shared */
}

/* What else runs on this machine is not what is measured. */
static void come_first(void)
{
	const struct sched_param param = {.sched_priority = 1};

	(void)sched_setscheduler(0, SCHED_FIFO, &param); /* where that is not allowed: noisier */
}

static pid_t start_server(size_t guests, int port, const char *dir)
{
	char address[32];
	const char *argv[] = {"mmserver", "--backend", "sim", "--interval", "0.1", "--control",
		"off", "-d", dir, "--http", address, NULL};
	pid_t pid;

	snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	use_core(0);
	come_first();
	world = (struct world){.backend = {.ops = &ops}, .guests = guests, .random = 1};
	stand_in = &world.backend;
	for (size_t i = 0; i < guests; i++)
		world.target_kib[i] = SIZE_KIB;
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(1);
	_exit(mm_server_main(11, (char **)argv));
}

/* ---- clients ----------------------------------------------------------------------------------- */

struct crowd {
	int epoll;
	int fd[CLIENTS + 1]; /* the last never reads */
	int port;
	uint64_t bytes;
	uint64_t cuts[2]; /* of those who read, and of the one that never does */
};

static int dial(int port, int buffer)
{
	static const char request[] = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (buffer)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
		send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int join(struct crowd *crowd, int i)
{
	struct epoll_event event = {
		.events = i < CLIENTS ? EPOLLIN : 0 /* its end is told anyway */,
		.data.u32 = (uint32_t)i};

	crowd->fd[i] = dial(crowd->port, i < CLIENTS ? 0 : 4096);
	return crowd->fd[i] < 0 ? -1 : epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, crowd->fd[i], &event);
}

static int on_ready(struct crowd *crowd, int i)
{
	static char buf[65536];
	ssize_t n = i < CLIENTS ? recv(crowd->fd[i], buf, sizeof(buf), MSG_DONTWAIT) : 0;

	if (n > 0)
		crowd->bytes += (uint64_t)n;
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return 0;
	crowd->cuts[i == CLIENTS]++;
	close(crowd->fd[i]);
	return join(crowd, i);
}

static int serve_crowd(struct crowd *crowd, uint64_t until_us)
{
	struct epoll_event events[64];

	for (uint64_t us = now_us(); us < until_us; us = now_us()) {
		int n = epoll_wait(crowd->epoll, events, 64, (int)((until_us - us) / 1000) + 1);

		for (int i = 0; i < n; i++)
			if (on_ready(crowd, (int)events[i].data.u32))
				return -1;
	}
	return 0;
}

static int gather(struct crowd *crowd, int port)
{
	*crowd = (struct crowd){.epoll = epoll_create1(EPOLL_CLOEXEC), .port = port};
	for (int i = 0; i <= CLIENTS; i++)
		if (join(crowd, i)) {
			fprintf(stderr, "bench_http: client %d: %s\n", i, strerror(errno));
			return -1;
		}
	return 0;
}

static void disperse(struct crowd *crowd)
{
	for (int i = 0; i <= CLIENTS; i++)
		close(crowd->fd[i]);
	close(crowd->epoll);
}

/* ---- turns ------------------------------------------------------------------------------------- */

static void rest(uint64_t seconds)
{
	const struct timespec t = {.tv_sec = (time_t)seconds};

	nanosleep(&t, NULL);
}

static int run_turn(int turn, int port, uint64_t seconds, struct crowd *crowd)
{
	int r;

	if (turn % 2 == 0) {
		rest(SETTLE_S);
		shared->turn = turn;
		rest(seconds);
		shared->turn = -1;
		return 0;
	}
	r = gather(crowd, port);
	if (!r)
		r = serve_crowd(crowd, now_us() + SETTLE_S * 1000000);
	shared->turn = turn;
	if (!r)
		r = serve_crowd(crowd, now_us() + seconds * 1000000);
	shared->turn = -1;
	if (!r)
		disperse(crowd);
	return r;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t quantile(uint32_t *values, size_t count, unsigned percent)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare);
	return values[(count * percent + 99) / 100 - 1];
}

struct figures {
	uint32_t duration_50, duration_99, lag_50, lag_99;
};

/* Medians over the turns of one kind. */
static struct figures sum_up(int first, int turns)
{
	uint32_t of[4][TURNS_MAX];
	size_t n = 0;

	for (int t = first; t < turns; t += 2, n++) {
		size_t count = shared->count[t];

		of[0][n] = quantile(shared->duration_us[t], count, 50);
		of[1][n] = quantile(shared->duration_us[t], count, 99);
		of[2][n] = quantile(shared->lag_us[t], count, 50);
		of[3][n] = quantile(shared->lag_us[t], count, 99);
	}
	return (struct figures){quantile(of[0], n, 50), quantile(of[1], n, 50),
		quantile(of[2], n, 50), quantile(of[3], n, 50)};
}

static void print(size_t guests, int turns, const struct crowd *crowd)
{
	struct figures none = sum_up(0, turns), many = sum_up(1, turns);

	printf("%7zu %8s %10u %10u %10u %10u\n", guests, "0", none.duration_50, none.duration_99,
		none.lag_50, none.lag_99);
	printf("%7zu %8s %10u %10u %10u %10u  last turn: %.0f MB, cut off: %" PRIu64
	       " readers, the one that never reads %" PRIu64 " times\n",
		guests, "200+1", many.duration_50, many.duration_99, many.lag_50, many.lag_99,
		(double)crowd->bytes / 1e6, crowd->cuts[0], crowd->cuts[1]);
	printf("%7zu %8s %10.2f %10.2f %10s %10s  duration and lag together, p99: %.2f, limit "
	       "1.10\n",
		guests, "ratio", (double)many.duration_50 / none.duration_50,
		(double)many.duration_99 / none.duration_99, "", "",
		(double)(many.duration_99 + many.lag_99) / (none.duration_99 + none.lag_99));
	fflush(stdout);
}

static int run(size_t guests, int port, uint64_t seconds, int turns, const char *dir)
{
	static struct crowd crowd;
	pid_t pid;
	int r = 0, status;

	memset((void *)shared->count, 0, sizeof(shared->count));
	shared->turn = -1;
	pid = start_server(guests, port, dir);
	rest(SETTLE_S);
	for (int turn = 0; turn < turns && !r; turn++)
		r = run_turn(turn, port, seconds, &crowd);
	kill(pid, SIGTERM);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status || r) {
		fprintf(stderr, "bench_http: it failed\n");
		return -1;
	}
	print(guests, turns, &crowd);
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t guests[] = {3, 30, 300};
	uint64_t seconds = argc > 1 ? (uint64_t)atol(argv[1]) : SECONDS_DEFAULT;
	int turns = 2 * (argc > 2 ? atoi(argv[2]) : argc > 1 ? 1 : ALTERNATIONS_DEFAULT);
	char dir[] = "/tmp/xenmm-bench-http-XXXXXX", command[64];
	int port = 20000 + getpid() % 20000;
	int r = 0;

	if (seconds < 1 || seconds > ROUNDS_MAX / 10 || turns < 2 || turns > TURNS_MAX ||
		!mkdtemp(dir)) {
		fprintf(stderr, "usage: bench_http [SECONDS [ALTERNATIONS]]\n");
		return 2;
	}
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	use_core(1);
	printf("microseconds of a round, and how late it began; %d turns of %" PRIu64 " s each\n",
		turns, seconds);
	printf("%7s %8s %10s %10s %10s %10s\n", "guests", "clients", "p50", "p99", "late p50",
		"late p99");
	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]) && !r; i++)
		r = run(guests[i], port + (int)i, seconds, turns, dir);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || r ? 1 : 0;
}
