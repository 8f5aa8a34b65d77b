/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live page as it is compiled in: all there, small, and found by name only. */
#include <string.h>

#include "page.h"
#include "unit/test.h"

#define PAGE_BYTES_MAX 150000 /* all files together, not packed */

static void test_finds(void **state)
{
	static const char *const names[] = {
		MM_PAGE_INDEX, "style.css", "app.js", "uPlot.js", "icon.svg"};
	static const char *const others[] = {
		"", "/", "index", "app.js ", "APP.JS", "../page.c", "page/app.js", "vendor/uPlot"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct mm_page_file *file = mm_page_find(names[i]);

		if (!file || strcmp(file->path, names[i]))
			fail_msg("%s is not there", names[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (mm_page_find(others[i]))
			fail_msg("'%s' is found", others[i]);
}

static void test_files(void **state)
{
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < mm_page_count; i++) {
		const struct mm_page_file *file = &mm_page_files[i];

		if (file->len == 0 || !strchr(file->type, '/'))
			fail_msg("%s is empty, or of no type", file->path);
		if (strlen(file->etag) < 10 || file->etag[0] != '"' ||
			file->etag[strlen(file->etag) - 1] != '"')
			fail_msg("%s: no tag: %s", file->path, file->etag);
		if (file->gz && (file->gz_len >= file->len || memcmp(file->gz, "\x1f\x8b", 2)))
			fail_msg("%s is not packed by gzip", file->path);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(file->etag, mm_page_files[k].etag))
				fail_msg("%s has the tag of %s", file->path, mm_page_files[k].path);
		sum += file->len;
	}
	print_message("the page: %zu files, %zu bytes of at most %d\n", mm_page_count, sum,
		PAGE_BYTES_MAX);
	assert_in_range(sum, 1, PAGE_BYTES_MAX);
}

/* Inline scripts and styles are refused by the server's content security policy; what is not on this host must not be asked for. */
static void test_index(void **state)
{
	const struct mm_page_file *file = mm_page_find(MM_PAGE_INDEX);
	static const char *const banned[] = {
		"<style", " style=", " onclick=", "http://", "https://", "//cdn"};

	(void)state;
	assert_non_null(file);
	for (size_t i = 0; i < ARRAY_SIZE(banned); i++)
		if (memmem(file->data, file->len, banned[i], strlen(banned[i])))
			fail_msg("index.html holds '%s'", banned[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
