/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool is_signals_open;

static void ending_signals(sigset_t *ret_set)
{
	(void)sigemptyset(ret_set);
	(void)sigaddset(ret_set, SIGTERM);
	(void)sigaddset(ret_set, SIGINT);
}

static void end_now(int signal_number)
{
	(void)signal_number;
	_exit(EXIT_SUCCESS);
}

int mm_signals_open(void)
{
	struct sigaction action = {.sa_handler = end_now};
	sigset_t set;
	int fd;

	ending_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0 ||
		sigaction(SIGINT, &action, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	is_signals_open = true;
	return fd;
}

static void set_mask(int how)
{
	sigset_t set;

	if (!is_signals_open)
		return;
	ending_signals(&set);
	(void)sigprocmask(how, &set, NULL); /* fails only for a wrong `how` */
}

void mm_signals_let_in(void)
{
	set_mask(SIG_UNBLOCK);
}

void mm_signals_keep_out(void)
{
	set_mask(SIG_BLOCK);
}
