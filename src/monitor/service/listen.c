/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text_file.h"

#define BACKLOG	 128
#define FILE_MAX ((size_t)1 << 20)

int mm_listen_open(const union mm_web_address *where)
{
	bool is_v6 = where->any.sa_family == AF_INET6;
	const int on = 1, off = 0;
	int fd = socket(where->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	/* after a restart the port is ours at once; [::] is every address of this host */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		(is_v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off))) ||
		bind(fd, &where->any,
			is_v6 ? (socklen_t)sizeof(where->v6) : (socklen_t)sizeof(where->v4)) ||
		listen(fd, BACKLOG)) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int read_pem(const char *what, const char *path, mode_t forbidden, char **ret_text,
	char *err, size_t err_size)
{
	char *text = NULL, *whole;
	size_t len = 0;
	struct stat st;
	int r = mm_text_file_read(path, FILE_MAX, &text, &len, &st);

	if (r) {
		snprintf(err, err_size, "%s: %s: %s", what, path, mm_text_file_error(r));
		return r;
	}
	whole = realloc(text, len + 1);
	if (!whole || (st.st_mode & forbidden)) {
		snprintf(err, err_size, "%s: %s: %s", what, path,
			whole ? "everybody can read or write it" : strerror(ENOMEM));
		free(whole ? whole : text);
		return whole ? -EPERM : -ENOMEM;
	}
	whole[len] = '\0';
	*ret_text = whole;
	return 0;
}

int mm_listen_read_tls(const char *cert_file, const char *key_file, char **ret_cert, char **ret_key,
	char *err, size_t err_size)
{
	char *cert = NULL;
	int r = read_pem("tls-cert", cert_file, S_IWOTH, &cert, err, err_size);

	if (!r)
		r = read_pem("tls-key", key_file, S_IRWXO, ret_key, err, err_size);
	if (r)
		free(cert);
	else
		*ret_cert = cert;
	return r;
}
