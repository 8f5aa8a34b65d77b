/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * await SECONDS CONDITION...: waits for a condition without a shell loop; exit status 0 when it
 * came true, 1 when time ran out, 2 for a wrong call. A loop of forks would cost the emulated
 * machine more than what it waits for. xs PATH exists | gone | is TEXT | starts TEXT | not TEXT |
 * below N | above N     (a xenstore watch) held GUEST below N | above N          what the guest
 * holds, KiB                  (asked every 50 ms) target GUEST below N | above N        its
 * memory/target, KiB                     (asked every 50 ms) file PATH [REGEX] PATH exists, or a
 * line in it matches       (looked at every 100 ms) The last value seen is printed when time runs
 * out, so that a failed test says how far it came.
 */
#include <poll.h>
#include <regex.h>
#include <unistd.h>

#include <xenctrl.h>

#include "common.h"

enum { FOUND = 0, TIMED_OUT = 1, USAGE = 2 };

static bool number_matches(long long value, const char *op, const char *operand)
{
	long long bound = strtoll(operand, NULL, 10);

	if (value < 0)
		return false;
	return !strcmp(op, "below") ? value < bound : value > bound;
}

/* value: NULL when the node is absent. */
static bool text_matches(const char *value, const char *op, const char *operand)
{
	if (!strcmp(op, "gone"))
		return !value;
	if (!value)
		return false;
	if (!strcmp(op, "exists"))
		return true;
	if (!strcmp(op, "is"))
		return !strcmp(value, operand);
	if (!strcmp(op, "not"))
		return strcmp(value, operand) != 0;
	if (!strcmp(op, "starts"))
		return !strncmp(value, operand, strlen(operand));
	return number_matches(strtoll(value, NULL, 10), op, operand);
}

static int await_xs(struct xs_handle *xs, const char *path, const char *op, const char *operand,
	double deadline)
{
	struct pollfd pfd = {.fd = xs_fileno(xs), .events = POLLIN};

	if (!xs_watch(xs, path, "u"))
		return USAGE;
	for (;;) {
		unsigned int count;
		char *value = lab_read(xs, path);
		double left = deadline - lab_now();

		if (text_matches(value, op, operand))
			return FOUND;
		if (left <= 0 || poll(&pfd, 1, (int)(left * 1000) + 1) <= 0) {
			printf("await: %s is %s\n", path, value ? value : "absent");
			return TIMED_OUT;
		}
		free(value);
		free(xs_read_watch(xs, &count));
	}
}

static long long guest_kib(
	struct xs_handle *xs, xc_interface *xc, const char *what, const char *name)
{
	int domid = lab_domid(xs, name);
	xc_domaininfo_t info;
	char path[96];

	if (domid < 0)
		return -1;
	if (!strcmp(what, "held")) {
		if (xc_domain_getinfolist(xc, (uint32_t)domid, 1, &info) != 1 ||
			info.domain != domid)
			return -1;
		return (long long)info.tot_pages * 4;
	}
	snprintf(path, sizeof(path), "/local/domain/%d/memory/target", domid);
	return lab_read_number(xs, path);
}

static int await_guest(struct xs_handle *xs, char **args, double deadline)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	long long value;

	if (!xc)
		return USAGE;
	for (;;) {
		value = guest_kib(xs, xc, args[0], args[1]);
		if (number_matches(value, args[2], args[3]))
			return FOUND;
		if (lab_now() >= deadline)
			break;
		usleep(50 * 1000);
	}
	printf("await: %s's %s is %lld KiB\n", args[1], args[0], value);
	return TIMED_OUT;
}

static bool file_matches(const char *path, const regex_t *wanted)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	bool found = f && !wanted;

	while (f && !found && getline(&line, &size, f) >= 0)
		found = !regexec(wanted, line, 0, NULL, 0);
	free(line);
	if (f)
		fclose(f);
	return found;
}

static int await_file(const char *path, const char *pattern, double deadline)
{
	regex_t wanted;

	if (pattern && regcomp(&wanted, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
		return USAGE;
	while (!file_matches(path, pattern ? &wanted : NULL)) {
		if (lab_now() >= deadline)
			return TIMED_OUT;
		usleep(100 * 1000);
	}
	return FOUND;
}

int main(int argc, char **argv)
{
	bool wants_xs = argc > 2 && strcmp(argv[2], "file") != 0;
	struct xs_handle *xs = wants_xs ? xs_open(0) : NULL;
	double deadline = argc > 1 ? lab_now() + atof(argv[1]) : 0;

	if (wants_xs && !xs) {
		perror("await: xenstore");
		return USAGE;
	}
	if (argc >= 5 && !strcmp(argv[2], "xs"))
		return await_xs(xs, argv[3], argv[4], argc > 5 ? argv[5] : "", deadline);
	if (argc == 6 && (!strcmp(argv[2], "held") || !strcmp(argv[2], "target")))
		return await_guest(xs, argv + 2, deadline);
	if (argc >= 4 && !strcmp(argv[2], "file"))
		return await_file(argv[3], argc > 4 ? argv[4] : NULL, deadline);
	fprintf(stderr, "usage: await SECONDS xs|held|target|file ...\n");
	return USAGE;
}
