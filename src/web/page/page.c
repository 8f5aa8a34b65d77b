/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds a file of the live page. */
#include "page.h"

#include <string.h>

const struct mm_page_file *mm_page_find(const char *path)
{
	for (size_t i = 0; i < mm_page_count; i++)
		if (!strcmp(mm_page_files[i].path, path))
			return &mm_page_files[i];
	return NULL;
}
