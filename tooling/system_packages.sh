#!/bin/sh
# Installs the programs that tests drive and that pip cannot bring: Chromium, Prometheus (with promtool) and Redis.
# Says nothing and needs no network when all are there. It never fails: a test whose program is absent is skipped.
set -u

missing() {
    for package in chromium prometheus redis-server; do
        command -v "$package" >/dev/null 2>&1 || printf '%s ' "$package"
    done
}

# apt SECONDS ARGUMENTS…: whatever waits for the network is bounded. 0 is no bound, for dpkg: an interruption would
# leave a package half configured.
apt() {
    seconds=$1
    shift
    timeout "$seconds" $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60 --no-install-recommends "$@" >/dev/null 2>&1
}

# The packages bring services that nobody asked for: they are not started now, nor with the machine.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null && $root chmod +x "$policy" && ours=yes
}
allow_services() {
    [ "$ours" = yes ] && $root rm -f "$policy"
    ours=no
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0

root='' ours=no
if [ "$(id -u)" -ne 0 ]; then
    root='sudo -n'
    $root true 2>/dev/null || root=none
fi
if command -v apt-get >/dev/null 2>&1 && [ "$root" != none ]; then
    echo "Installing ${wanted% }, which tests use (once) …"
    trap allow_services EXIT
    trap 'exit 1' INT TERM
    forbid_services
    apt 120 update
    # One by one, so that a package which this distribution lacks does not keep the others away.
    for package in $wanted; do
        apt 300 install --download-only "$package" && apt 0 install --no-download "$package" || continue
        case $package in
            prometheus | redis-server)
                command -v systemctl >/dev/null 2>&1 && $root systemctl disable --quiet "$package" >/dev/null 2>&1
                ;;
        esac
    done
    allow_services
fi

wanted=$(missing)
[ -z "$wanted" ] || echo "Tests that need ${wanted% } will be skipped; to run them: apt-get install ${wanted% }"
exit 0
