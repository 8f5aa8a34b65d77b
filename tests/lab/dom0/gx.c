/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gx GUEST COMMAND [SECONDS]: runs COMMAND in a guest of the lab (see ../guest/agent.c), prints its
 * output and exits with its status. 124: no answer in time (60 s unless told), 125: no such guest.
 * One process and one watch; no polling.
 */
#include <poll.h>
#include <unistd.h>

#include "common.h"

enum { EXIT_TIMEOUT = 124, EXIT_NO_GUEST = 125, EXIT_USAGE = 2 };

static int print_result(struct xs_handle *xs, const char *dir, const char *status)
{
	char path[96], *out;
	unsigned int len;

	snprintf(path, sizeof(path), "%s/out", dir);
	out = xs_read(xs, XBT_NULL, path, &len);
	if (out) {
		fwrite(out, 1, len, stdout);
		if (len && out[len - 1] != '\n')
			putchar('\n');
	}
	free(out);
	return atoi(status);
}

/* Waits until DIR/rc answers the request SEQ. */
static int wait_answer(struct xs_handle *xs, const char *dir, const char *seq, double deadline)
{
	char path[96];
	struct pollfd pfd = {.fd = xs_fileno(xs), .events = POLLIN};

	snprintf(path, sizeof(path), "%s/rc", dir);
	for (;;) {
		unsigned int count;
		double left = deadline - lab_now();
		char *rc = lab_read(xs, path);

		if (rc && !strncmp(rc, seq, strlen(seq))) {
			int status = print_result(xs, dir, rc + strlen(seq));

			free(rc);
			return status;
		}
		free(rc);
		if (left <= 0 || poll(&pfd, 1, (int)(left * 1000) + 1) <= 0)
			return EXIT_TIMEOUT;
		free(xs_read_watch(xs, &count));
	}
}

int main(int argc, char **argv)
{
	char dir[64], path[96], seq[48], *request;
	struct xs_handle *xs;
	int domid, len;

	if (argc < 3) {
		fprintf(stderr, "usage: gx GUEST COMMAND [SECONDS]\n");
		return EXIT_USAGE;
	}
	xs = xs_open(0);
	if (!xs) {
		perror("gx: xenstore");
		return EXIT_USAGE;
	}
	domid = lab_domid(xs, argv[1]);
	if (domid < 0) {
		fprintf(stderr, "gx: no guest %s\n", argv[1]);
		return EXIT_NO_GUEST;
	}
	snprintf(dir, sizeof(dir), "/local/domain/%d/data/lab", domid);
	snprintf(seq, sizeof(seq), "%d.%.0f ", (int)getpid(), lab_now() * 1e6);
	len = asprintf(&request, "%s%s", seq, argv[2]);
	snprintf(path, sizeof(path), "%s/rc", dir);
	if (len < 0 || !xs_watch(xs, path, "rc"))
		return EXIT_USAGE;
	snprintf(path, sizeof(path), "%s/req", dir);
	if (!xs_write(xs, XBT_NULL, path, request, (unsigned int)len)) {
		perror("gx: request");
		return EXIT_USAGE;
	}
	return wait_answer(xs, dir, seq, lab_now() + (argc > 3 ? atof(argv[3]) : 60));
}
