/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire: a byte relay between two emulated hosts, for xl migrate (busybox nc copies 1 KiB at a time
 * and quits when one direction closes). wire listen PORT COMMAND...    each connection gets COMMAND
 * with the socket as standard input and output wire connect ADDRESS PORT      relays standard input
 * and output to the socket until both directions are closed
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool copy_some(int from, int to)
{
	static char buffer[256 * 1024];
	ssize_t got = read(from, buffer, sizeof(buffer)), done = 0;

	if (got <= 0)
		return false;
	while (done < got) {
		ssize_t n = write(to, buffer + done, (size_t)(got - done));

		if (n <= 0)
			return false;
		done += n;
	}
	return true;
}

static void relay(int sock)
{
	struct pollfd fds[2] = {{.fd = 0, .events = POLLIN}, {.fd = sock, .events = POLLIN}};

	while (fds[1].fd >= 0 && poll(fds, 2, -1) >= 0) {
		if (fds[0].revents && !copy_some(0, sock)) {
			shutdown(sock, SHUT_WR);
			fds[0].fd = -1;
			fds[0].revents = 0;
		}
		if (fds[1].revents && !copy_some(sock, 1))
			fds[1].fd = -1;
	}
}

static int serve(int sock, const struct sockaddr_in *at, char **command)
{
	int one = 1, conn;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sock, (const struct sockaddr *)at, sizeof(*at)) || listen(sock, 8)) {
		perror("wire: listen");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN);
	while ((conn = accept(sock, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			dup2(conn, 0);
			dup2(conn, 1);
			close(conn);
			close(sock);
			execvp(command[0], command);
			_exit(127);
		}
		close(conn);
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	if (argc >= 4 && !strcmp(argv[1], "listen")) {
		at.sin_port = htons((uint16_t)atoi(argv[2]));
		return serve(sock, &at, argv + 3);
	}
	if (argc != 4 || strcmp(argv[1], "connect") != 0 || !inet_aton(argv[2], &at.sin_addr)) {
		fprintf(stderr, "usage: wire listen PORT COMMAND... | wire connect ADDRESS PORT\n");
		return 2;
	}
	at.sin_port = htons((uint16_t)atoi(argv[3]));
	if (connect(sock, (struct sockaddr *)&at, sizeof(at))) {
		perror("wire: connect");
		return 1;
	}
	relay(sock);
	return 0;
}
