/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The socket that mmmon listens on, and the files of its TLS. */
#ifndef XENMM_MON_LISTEN_H
#define XENMM_MON_LISTEN_H

#include <stddef.h>

#include "address.h"

/* A listening socket, or -errno. */
int mm_listen_open(const union mm_web_address *where);

/*
 * Reads certificate and key as texts, to be freed; others than its owner and group must not be able to read the key. Returns
 * 0, or -errno and a line in err.
 */
int mm_listen_read_tls(const char *cert_file, const char *key_file, char **ret_cert, char **ret_key,
	char *err, size_t err_size);

#endif
