/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stand_in.h"

struct mm_backend *stand_in;

void stand_in_close(struct mm_backend *backend)
{
	(void)backend;
}

int mm_backend_open(const char *name, const struct mm_backend_options *options, char *err,
	size_t err_size, struct mm_backend **ret_backend)
{
	(void)name;
	(void)options;
	(void)err;
	(void)err_size;
	*ret_backend = stand_in;
	return 0;
}
