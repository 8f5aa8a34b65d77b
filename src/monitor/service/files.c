/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int mm_mon_check_files(const struct mm_mon_settings *settings, char *err, size_t err_size)
{
	int r = check_tokens(settings->token_file, err, err_size);

	if (!r)
		r = check_tls(settings, err, err_size);
	for (size_t i = 0; !r && i < settings->host_count; i++)
		r = check_host(&settings->hosts[i], err, err_size);
	return r;
}
