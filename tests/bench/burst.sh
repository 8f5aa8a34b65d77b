#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bursts in one or two of three guests on a real Xen host in the lab, without and with mmserver: pages swapped out, time to
# the first grant and until it settled, with each policy, beside the figures of the first xenmm and of Qubes' qmemman. Takes
# 10 minutes.
#
# Usage: tests/bench/burst.sh (after building into build/, or with XENMM_BIN)
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/../lab/lab" test bench_burst
