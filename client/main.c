/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmclient: tells dom0 about this guest's memory. Options here, work in loop.c. */
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "loop.h"
#include "options.h"

int main(int argc, char *argv[])
{
	struct mm_client_options options;

	switch (mm_client_options_parse(argc, argv, &options)) {
	case MM_CLIENT_HELP:
		return fputs(mm_client_help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	case MM_CLIENT_VERSION:
		return puts("mmclient " XENMM_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	case MM_CLIENT_MISUSE:
		mm_log_open(false);
		mm_log(MM_LOG_ERR, "%s", options.error);
		return 2;
	case MM_CLIENT_RUN:
		break;
	}
	mm_log_open(options.is_verbose);
	return mm_client_run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
