/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the page. They change with mmserver only: a browser that has one is told so. */
#include "http_private.h"
#include "page.h"

#define PAGE_POLICY                                                                                \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "          \
	"connect-src 'self'; "                                                                     \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	(void)MHD_add_response_header(response, name, value); /* without memory it is left out */
}

static struct MHD_Response *file_response(
	const struct mm_page_file *file, const struct mm_web_head *head)
{
	bool is_packed = file->gz && mm_route_accepts(head->accept_encoding, "gzip");
	const unsigned char *data = is_packed ? file->gz : file->data;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		is_packed ? file->gz_len : file->len, (void *)data, MHD_RESPMEM_PERSISTENT);

	if (response && is_packed)
		add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

enum MHD_Result mm_file_send(struct mm_http *http, struct MHD_Connection *connection,
	const struct mm_web_head *head, const char *name)
{
	const struct mm_page_file *file = mm_page_find(name[0] ? name : MM_PAGE_INDEX);
	struct MHD_Response *response;
	bool is_known;

	if (!file)
		return mm_serve_refuse(
			http, connection, MHD_HTTP_NOT_FOUND, "the page has no such file");
	is_known = mm_route_has_tag(head->if_none_match, file->etag);
	response = file_response(file, head); /* the body of a 304 stays here */
	if (!response)
		return MHD_NO;
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, file->type);
	add_header(response, MHD_HTTP_HEADER_ETAG, file->etag);
	add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	add_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	add_header(response, "Content-Security-Policy", PAGE_POLICY);
	return mm_serve_queue(
		http, connection, is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}
