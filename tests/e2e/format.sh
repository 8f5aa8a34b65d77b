#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every C file is formatted.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
exec "$source_dir/scripts/format" --check
