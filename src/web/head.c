/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "head.h"

#include <stdbool.h>
#include <strings.h>

static const char **field_of(struct mm_web_head *head, const char *name, bool *ret_is_single)
{
	const struct {
		const char *name;
		const char **field;
		bool is_single;
	} fields[] = {
		{MHD_HTTP_HEADER_HOST, &head->host, true},
		{MHD_HTTP_HEADER_AUTHORIZATION, &head->authorization, true},
		{"Origin", &head->origin, true},
		{MHD_HTTP_HEADER_ACCEPT, &head->accept, false},
		{MHD_HTTP_HEADER_ACCEPT_ENCODING, &head->accept_encoding, false},
		{MHD_HTTP_HEADER_IF_NONE_MATCH, &head->if_none_match, false},
		{"Sec-Fetch-Site", &head->fetch_site, true},
		{MHD_HTTP_HEADER_CONTENT_LENGTH, &head->content_length, true},
		{MHD_HTTP_HEADER_TRANSFER_ENCODING, &head->transfer_encoding, true},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcasecmp(name, fields[i].name)) {
			*ret_is_single = fields[i].is_single;
			return fields[i].field;
		}
	return NULL;
}

static enum MHD_Result on_header(
	void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct mm_web_head *head = arg;
	bool is_single = false;
	const char **field = field_of(head, name, &is_single);

	(void)kind;
	if (field && *field)
		head->is_ambiguous = head->is_ambiguous || is_single;
	else if (field)
		*field = value ? value : "";
	return MHD_YES;
}

void mm_web_head_read(struct MHD_Connection *connection, const char *method, const char *target,
	struct mm_web_head *ret_head)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	*ret_head = (struct mm_web_head){
		.method = method, .target = target, .size = info ? info->header_size : 0};
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, ret_head);
}
