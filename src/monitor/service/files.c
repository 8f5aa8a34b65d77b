/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/service/listen.h"
#include "monitor/service/tokens.h"

static int check_tokens(const char *path, char *err, size_t err_size)
{
	struct mm_mon_tokens *tokens = NULL;
	int r = *path ? mm_mon_tokens_load(path, &tokens, err, err_size) : 0;

	mm_mon_tokens_free(tokens);
	return r;
}

static int check_tls(const struct mm_mon_settings *settings, char *err, size_t err_size)
{
	char *cert = NULL, *key = NULL;
	int r = 0;

	if (*settings->tls_cert)
		r = mm_listen_read_tls(
			settings->tls_cert, settings->tls_key, &cert, &key, err, err_size);
	if (key)
		explicit_bzero(key, strlen(key));
	free(cert);
	free(key);
	return r;
}

static int check_host(const struct mm_mon_host_entry *host, char *err, size_t err_size)
{
	char why[300] = "";
	int r = check_tokens(host->token_file, why, sizeof(why));

	if (!r && *host->ca_file && access(host->ca_file, R_OK)) {
		r = -errno;
		snprintf(why, sizeof(why), "ca-file: %s: %s", host->ca_file, strerror(-r));
	}
	if (r)
		snprintf(err, err_size, "host %s: %s", host->name, *why ? why : strerror(-r));
	return r;
}

/* Opened as mmprobe will; a pipe must not hang us. */
static int check_memory(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int r = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	(void)close(fd);
	return r;
}

int mm_mon_check_memory(const struct mm_mon_settings *settings, char *err, size_t err_size)
{
	for (size_t i = 0; i < settings->memory_count; i++) {
		const struct mm_mon_memory *memory = &settings->memory[i];
		int r = check_memory(memory->file);

		if (!r)
			continue;
		snprintf(err, err_size, "memory: %s: %s: %s", memory->name, memory->file,
			r == -EINVAL ? "not a file of memory" : strerror(-r));
		return r;
	}
	return 0;
}

int mm_mon_check_files(const struct mm_mon_settings *settings, char *err, size_t err_size)
{
	int r = check_tokens(settings->token_file, err, err_size);

	if (!r)
		r = check_tls(settings, err, err_size);
	if (!r)
		r = mm_mon_check_memory(settings, err, err_size);
	for (size_t i = 0; !r && i < settings->host_count; i++)
		r = check_host(&settings->hosts[i], err, err_size);
	return r;
}
