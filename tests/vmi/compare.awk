# SPDX-License-Identifier: GPL-3.0-or-later
# awk -f compare.awk BEFORE SAMPLE AFTER: is the look from outside (SAMPLE) what the guest's own /proc said right before and right
# after it (inside/census.h)? Prints what differs, then one line of figures "compared KEY=VALUE..."; status 1 when something is wrong.
# Limits: RSS 1 % + 256 KiB, CPU 2 ticks (20 ms), memory figures a drift of DRIFT KiB (default 512) beyond before and after.
# Processes whose name matches TRANSIENT (default: kernel workers) may live between the two readings alone.
# For busybox's awk as well: no arrays of arrays, no gensub.

function wrong(text) { print "WRONG: " text; faults++ }

# How far x is outside of [a, b], whichever is larger.
function outside(x, a, b, t) {
    x += 0; a += 0; b += 0
    if (a > b) { t = a; a = b; b = t }
    return x < a ? a - x : x > b ? x - b : 0
}

function name_is(known, name, kernel) {
    if (known == name) return 1
    # A task holds 15 characters, and /proc adds to a kernel worker's name what it works at.
    return kernel && substr(known, 1, length(name)) == name && (length(name) >= 15 || index("-+", substr(known, length(name) + 1, 1)))
}

FNR == 1 { file++ }
$1 == "end" { ended[file] = 1 }
$1 == "sample" { sub(/^sample /, ""); figures = $0 }
$1 == "counter" { counter[file, $2] = $3; if (file == 2) counters[$2] = 1 }
$1 == "process" {
    pid = substr($2, 5)
    seen[file, pid] = 1
    pids[pid] = 1
    for (i = 3; i <= NF; i++) {
        at = index($i, "=")
        value[file, pid, substr($i, 1, at - 1)] = substr($i, at + 1)
    }
}

function same(pid, key, s) {
    s = value[2, pid, key]
    if ((!seen[1, pid] || value[1, pid, key] != s) && (!seen[3, pid] || value[3, pid, key] != s))
        wrong("pid " pid " (" value[2, pid, "comm"] "): " key " is " s ", in the guest " value[1, pid, key] " then " value[3, pid, key])
}

function rss(f, pid) { return value[f, pid, "anon_kib"] + value[f, pid, "file_kib"] + value[f, pid, "shmem_kib"] }

function near(pid, what, s, a, b, limit, off) {
    off = outside(s, a, b)
    if (off > limit)
        wrong("pid " pid " (" value[2, pid, "comm"] "): " what " is " s ", in the guest " a " then " b)
    return off
}

function is_still(pid, i, n, keys) {
    n = split("state cpu_ms vm_kib anon_kib", keys, " ")
    for (i = 1; i <= n; i++)
        if (value[1, pid, keys[i]] != value[3, pid, keys[i]]) return 0
    return value[1, pid, "state"] != "R"
}

function compare_process(pid, a, b, off, i, n, keys) {
    kernel = value[2, pid, "kernel"] + 0
    if (!name_is(value[1, pid, "comm"], value[2, pid, "comm"], kernel) && !name_is(value[3, pid, "comm"], value[2, pid, "comm"], kernel))
        wrong("pid " pid ": name is " value[2, pid, "comm"] ", in the guest " value[1, pid, "comm"] " then " value[3, pid, "comm"])
    n = split("parent uid threads kernel", keys, " ")
    for (i = 1; i <= n; i++) same(pid, keys[i])
    # Of one that ran in between nobody can say what it did at that moment.
    if (!kernel && is_still(pid)) same(pid, "state")
    a = rss(1, pid); b = rss(3, pid)
    off = near(pid, "RSS KiB", rss(2, pid), a, b, (a > b ? a : b) / 100 + 256)
    if (off > worst_rss) worst_rss = off
    n = split("anon_kib file_kib shmem_kib swap_kib", keys, " ")
    for (i = 1; i <= n; i++) {
        a = value[1, pid, keys[i]]; b = value[3, pid, keys[i]]
        near(pid, keys[i], value[2, pid, keys[i]], a, b, (a > b ? a : b) / 100 + 256)
    }
    near(pid, "vm_kib", value[2, pid, "vm_kib"], value[1, pid, "vm_kib"], value[3, pid, "vm_kib"], 0)
    off = near(pid, "CPU ms", value[2, pid, "cpu_ms"], value[1, pid, "cpu_ms"], value[3, pid, "cpu_ms"], 20)
    if (off > worst_cpu) worst_cpu = off
    near(pid, "start ms", value[2, pid, "start_ms"], value[1, pid, "start_ms"], value[3, pid, "start_ms"] + 10, 10)
    torn += value[2, pid, "torn"]
}

function compare_counter(key, limit, off) {
    if (!((1, key) in counter) || !((3, key) in counter)) return
    off = outside(counter[2, key], counter[1, key], counter[3, key])
    difference[key] = off
    if (off > limit)
        wrong(key " is " counter[2, key] ", in the guest " counter[1, key] " then " counter[3, key])
}

END {
    if (DRIFT == "") DRIFT = 512
    if (TRANSIENT == "") TRANSIENT = "^kworker/"
    if (!ended[1] || !ended[3]) wrong("the guest's census is not whole")
    if (!ended[2]) wrong("no sample: " figures)
    for (pid in pids) {
        # Those that came or went meanwhile may be in it or not; nothing else may be.
        if (seen[2, pid] && (seen[1, pid] || seen[3, pid])) { common++; compare_process(pid) }
        else if (seen[1, pid] && seen[3, pid]) { missing++; wrong("pid " pid " (" value[1, pid, "comm"] ") is missing") }
        else if (seen[2, pid] && value[2, pid, "comm"] !~ TRANSIENT) { extra++; wrong("pid " pid " (" value[2, pid, "comm"] ") is not in the guest") }
    }
    for (key in counters) {
        if (key == "total_kib" || key == "swap_total_kib" || key == "oom_kills") compare_counter(key, 0)
        else if (key ~ /_kib$/) compare_counter(key, DRIFT)
        else if (key ~ /^load/) compare_counter(key, 10)
        # The kernel makes an average every two seconds, and when it is asked: it may rise and fall in between.
        else if (key == "psi_some_avg10_pct100") compare_counter(key, (counter[1, key] + counter[3, key]) / 2 + 1)
        else if (key == "uptime_ms") compare_counter(key, 1000)
        else compare_counter(key, 64)
    }
    printf "compared processes=%d missing=%d extra=%d wrong=%d torn=%d rss_kib=%d cpu_ms=%d total_kib=%d free_kib=%d committed_kib=%d %s\n", \
        common, missing, extra, faults, torn, worst_rss, worst_cpu, difference["total_kib"], difference["free_kib"], difference["committed_kib"], figures
    exit faults > 0 || common < 1
}
