/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Feeds every file of a corpus folder to a fuzz target once, so that what the fuzzer found stays tested by
 * any compiler. An empty or missing folder is a failure: a test that tests nothing must not pass.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More than any input of ours; a larger file is cut. */
#define INPUT_MAX (1024u * 1024u)

static int feed_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	if (!in)
		return -errno;
	/* Exactly as large as the input, so that the address sanitizer sees a read past its end. */
	uint8_t *buf = malloc(INPUT_MAX);
	uint8_t *exact = NULL;
	int r = -ENOMEM;
	if (buf) {
		size_t size = fread(buf, 1, INPUT_MAX, in);
		exact = malloc(size ? size : 1);
		if (exact) {
			memcpy(exact, buf, size);
			LLVMFuzzerTestOneInput(exact, size);
			r = 0;
		}
	}
	free(exact);
	free(buf);
	(void)fclose(in); /* only read from */
	return r;
}

static int feed_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return -1;
	}
	int count = 0;
	const struct dirent *entry;
	while ((entry = readdir(dir)) != NULL) {
		char path[PATH_MAX];
		if (entry->d_name[0] == '.')
			continue;
		int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(path) || feed_file(path) < 0) {
			fprintf(stderr, "%s/%s: cannot be read\n", folder, entry->d_name);
			count = -1;
			break;
		}
		count++;
	}
	(void)closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	int count = feed_folder(argv[1]);
	printf("%s: %d inputs\n", argv[1], count < 0 ? 0 : count);
	return count > 0 ? 0 : 1;
}
