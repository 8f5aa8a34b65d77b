/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/fault.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

void mm_gather_fault(int code, const struct mm_mon_host_entry *entry,
	const struct mm_mon_settings *settings, char *text, size_t size)
{
	bool is_tls = !strncmp(entry->url, "https:", 6), has_ca = *entry->ca_file;

	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		snprintf(text, size, "no whole answer within %g s (timeout)",
			(double)settings->timeout_ms / 1000);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		snprintf(text, size,
			"its certificate is for another name, out of date, or not signed by %s "
			"(ca-file)",
			has_ca ? entry->ca_file : "one that the system trusts");
		break;
	case CURLE_SSL_CACERT_BADFILE:
		snprintf(text, size, "ca-file: %s cannot be read, or is not PEM", entry->ca_file);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		snprintf(text, size, "no TLS with it: does it answer by http only?");
		break;
	case CURLE_GOT_NOTHING:
		snprintf(text, size, "it hung up without an answer%s",
			is_tls ? "" : ": does it want https?");
		break;
	default:
		snprintf(text, size, "%s", curl_easy_strerror((CURLcode)code));
		break;
	}
}
