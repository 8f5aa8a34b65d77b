/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of the live page, compiled into mmserver byte by byte, so that it shows the page wherever it runs and
 * without any network. Made by src/web/page/CMakeLists.txt.
 */
#ifndef XENMM_WEB_PAGE_H
#define XENMM_WEB_PAGE_H

#include <stddef.h>

/* The page itself, "/" for a browser; all others are served below "/page/". */
#define MM_PAGE_INDEX "index.html"

struct mm_page_file {
	const char *path; /* without folder: "style.css" */
	const char *type; /* Content-Type */
	const unsigned char *data;
	size_t len;
	const unsigned char *gz; /* the same, as gzip packs it; NULL where that is not smaller */
	size_t gz_len;
	const char *etag; /* with its quotation marks; changes with the content */
};

/* All of them. What they point to is constant and lives as long as the program. */
extern const struct mm_page_file mm_page_files[];
extern const size_t mm_page_count;

/* The file of that path, or NULL. The path may be anything a client sent. */
const struct mm_page_file *mm_page_find(const char *path);

#endif
