/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * get ADDR:PORT PATH [HEADER]: asks by HTTP 1.0 and prints the body as it comes, until the server closes. Exit status 0 where the answer
 * is 200, 3 where it is another, 1 where there is none. busybox' wget needs a resolver, which a static program has not.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(const char *word)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	const char *colon = strrchr(word, ':');
	char host[64] = "";
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || !colon || (size_t)(colon - word) >= sizeof(host))
		return -1;
	memcpy(host, word, (size_t)(colon - word));
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
		connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return fd;
}

/* Reads head and body; returns the status, 0 where there was none. */
static int read_answer(FILE *in)
{
	char buf[16384];
	int status = 0;
	size_t n;

	if (!fgets(buf, sizeof(buf), in) || sscanf(buf, "HTTP/%*s %d", &status) != 1)
		return 0;
	while (fgets(buf, sizeof(buf), in) && strcmp(buf, "\r\n") != 0)
		;
	/* a stream is to be seen while it goes on */
	while ((n = (size_t)read(fileno(in), buf, sizeof(buf))) > 0 && n <= sizeof(buf))
		if (write(STDOUT_FILENO, buf, n) != (ssize_t)n)
			return 0;
	return status;
}

int main(int argc, char **argv)
{
	int fd = argc >= 3 ? dial(argv[1]) : -1;
	int status;
	FILE *io;

	if (fd < 0 || !(io = fdopen(fd, "r"))) {
		fprintf(stderr, "get: nobody answers\n");
		return 1;
	}
	setvbuf(io, NULL, _IONBF, 0); /* nothing of the body is left in a buffer */
	dprintf(fd, "GET %s HTTP/1.0\r\nHost: %s\r\n%s%s\r\n", argv[2], argv[1],
		argc > 3 ? argv[3] : "", argc > 3 ? "\r\n" : "");
	status = read_answer(io);
	return status == 200 ? 0 : status ? 3 : 1;
}
