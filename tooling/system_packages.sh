#!/bin/sh
# Installs the programs that tests use and pip cannot install: Chromium, Prometheus (with promtool) and Redis.
# Prints nothing and needs no network when all are installed. It never fails: a test without its program is skipped.
set -u

missing() {
    for package in chromium prometheus redis-server; do
        command -v "$package" >/dev/null 2>&1 || printf '%s ' "$package"
    done
}

# apt SECONDS ARGUMENTS…: limits steps that wait for the network. 0 is no limit, for dpkg: an interruption would leave
# a package half configured.
apt() {
    seconds=$1
    shift
    timeout "$seconds" $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60 --no-install-recommends "$@" >/dev/null 2>&1
}

# The packages install services that tests do not need. They are started neither now nor with the machine.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null && $root chmod +x "$policy" && ours=yes
}
allow_services() {
    [ "$ours" = yes ] && $root rm -f "$policy"
    ours=no
}

packages=$(missing)
[ -n "$packages" ] || exit 0

root='' ours=no
if [ "$(id -u)" -ne 0 ]; then
    root='sudo -n'
    $root true 2>/dev/null || root=none
fi
if command -v apt-get >/dev/null 2>&1 && [ "$root" != none ]; then
    echo "Installing ${packages% }, which tests use (once) …"
    trap allow_services EXIT
    trap 'exit 1' INT TERM
    forbid_services
    apt 120 update
    # One by one, so that a package which this distribution lacks does not prevent the others.
    for package in $packages; do
        apt 300 install --download-only "$package" && apt 0 install --no-download "$package" || continue
        case $package in
            prometheus | redis-server)
                command -v systemctl >/dev/null 2>&1 && $root systemctl disable --quiet "$package" >/dev/null 2>&1
                ;;
        esac
    done
    allow_services
fi

packages=$(missing)
[ -z "$packages" ] || echo "Tests that need ${packages% } will be skipped; to run them: apt-get install ${packages% }"
exit 0
