/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server.h"

int main(int argc, char **argv)
{
	return mm_server_main(argc, argv);
}
